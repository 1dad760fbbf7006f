// SPDX-License-Identifier: Apache-2.0

package smart

// words are what is told of a camera, as a person reads it in the program that is told.
var words = map[string]map[string]string{
	"de": {Lock: "Tür über Keyhold", Online: "Wird aufgenommen", Press: "Klingel", Private: "Privat", Watching: "Jemand schaut live zu"},
	"en": {Lock: "Door by Keyhold", Online: "Recording", Press: "Bell", Private: "Private", Watching: "Somebody is watching live"},
	"nl": {Lock: "Deur via Keyhold", Online: "Wordt opgenomen", Press: "Bel", Private: "Privé", Watching: "Iemand kijkt live mee"},
}
