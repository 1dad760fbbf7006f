// SPDX-License-Identifier: Apache-2.0

// Package alarm puts a failed proof into words.
//
// Each rule by which a reader refuses something has four sentences: what was wrong, what it means, what
// was done about it, and what to do. It decides nothing; a rule without words of its own gets careful
// ones, so that no refusal is ever silent.
package alarm

import "keyhold/statement/rule"

// Words are the four sentences.
type Words struct {
	What  string
	Means string
	Did   string
	Do    string
}

const (
	notShown  = "What did not pass is not shown and was not written."
	askAgain  = "Try again from another network. If it stays, your footage is safe on the hub for three days: ask the operator, and show them this message."
	callHouse = "Look at the hub, and tell the others of your household. Do not delete anything: what this device holds is the proof."
)

// Of returns the words for a rule.
func Of(name rule.Name) Words {
	if w, ok := words[name]; ok {
		return w
	}
	switch name {
	case rule.Household, rule.RosterSeq, rule.RosterPrev, rule.RosterTime, rule.RosterOp, rule.Signer, rule.Signature:
		return Words{
			What:  "The list of your household's devices, or something signed by one of them, does not hold.",
			Means: "It was changed or made up by somebody who has none of your keys.",
			Did:   notShown, Do: askAgain,
		}
	}
	return Words{
		What:  "Something that was shown as your hub's does not hold.",
		Means: "It was damaged on the way, or somebody tried to pass off their own as your hub's.",
		Did:   notShown,
		Do:    askAgain,
	}
}

// OfCopy returns the words for a rule that spoke about a file in this person's hands: an export, or a
// copy of ciphertext.
func OfCopy(name rule.Name) Words {
	w := Words{
		What:  "This is not what the hub recorded.",
		Means: "It was changed, cut or damaged after it was made, or it was put together by somebody else.",
		Did:   "Nothing was changed.",
		Do:    "Do not rely on it. Ask for the original, or export it again.",
	}
	switch name {
	case rule.FileSize:
		w.What = "Something was cut off or added: this is longer or shorter than what the hub recorded."
	case rule.NotIncluded, rule.Checkpoint, rule.Forked:
		w.What = "The proof does not show that the hub recorded this."
	case rule.WrongCamera:
		w.What = "The recordings are not all of the camera that the proof names."
	case rule.Household, rule.WrongHousehold, rule.RosterSeq, rule.RosterPrev, rule.RosterTime, rule.RosterOp, rule.RosterFork, rule.Signer, rule.Signature:
		w.What = "The proof does not show whose hub recorded this."
	case rule.FileHash:
	default:
		w.What = "The proof is damaged."
	}
	return w
}

// OfList returns the words for a film whose pictures and sound are the hub's, with another list of them.
func OfList() Words {
	w := OfCopy(rule.FileHash)
	w.What = "The list of pictures in this file is not the one that belongs to this recording."
	w.Means = "A player shows something else than the hub recorded: pictures were left out, hidden, added, or made faster or slower."
	return w
}

var words = map[rule.Name]Words{
	rule.Checkpoint: {
		What:  "The cloud sent a record that your hub did not sign.",
		Means: "Somebody between you and the hub made it up, or changed it.",
		Did:   notShown, Do: askAgain,
	},
	rule.RolledBack: {
		What:  "The cloud shows an older state than this device has already seen.",
		Means: "Something that your hub recorded is being kept from you, or the operator lost data and went back to a copy.",
		Did:   notShown, Do: askAgain,
	},
	rule.Forked: {
		What:  "There are two records of your hub that contradict each other.",
		Means: "Different stories are told to different devices. Only whoever has the hub's key can do that.",
		Did:   notShown, Do: callHouse,
	},
	rule.Frozen: {
		What:  "The record stands still: nothing new from your hub is shown.",
		Means: "The hub is off or cut off, or the cloud holds back what it sends.",
		Did:   "What could be verified is shown. It may not be the newest.",
		Do:    "Look whether the hub is running and online. If it is, the cloud is holding back: ask the operator.",
	},
	rule.NotIncluded: {
		What:  "The cloud sent a recording that your hub never made.",
		Means: "Somebody made it up and put it among yours.",
		Did:   notShown, Do: askAgain,
	},
	rule.WrongHousehold: {
		What:  "The cloud sent something of another household.",
		Means: "It was mixed up, or somebody tried to show you a home that is not yours.",
		Did:   notShown, Do: askAgain,
	},
	rule.WrongCamera: {
		What:  "The cloud sent the record of another camera or time than was asked for.",
		Means: "Recordings were swapped.",
		Did:   notShown, Do: askAgain,
	},
	rule.SeqGap: {
		What:  "Recordings that your hub made and sent are missing.",
		Means: "They are being kept from you, or the operator lost them.",
		Did:   "Nothing of this range is shown, because nobody could tell what is missing.", Do: askAgain,
	},
	rule.FileSize: {
		What:  "A recording is longer or shorter than the one your hub made.",
		Means: "It was cut off or added to after it left your home.",
		Did:   notShown, Do: askAgain,
	},
	rule.FileHash: {
		What:  "A recording differs from the one your hub made.",
		Means: "It was changed, swapped or damaged after it left your home.",
		Did:   notShown, Do: askAgain,
	},
	rule.Envelope: {
		What:  "A key that the cloud handed out is not the one your hub announced.",
		Means: "Somebody tried to make this device open or trust something with a key of theirs, or keeps your key back.",
		Did:   notShown, Do: askAgain,
	},
	rule.RosterFork: {
		What:  "There are two lists of your household's devices that contradict each other, both signed by your hub.",
		Means: "The hub, or its key, is in somebody else's hands.",
		Did:   "Nothing is trusted any more.", Do: callHouse,
	},
	rule.HubKeys: {
		What:  "The hub that answered is not the one that showed this code.",
		Means: "The code was mistyped, or somebody tried to be your hub.",
		Did:   "Nothing was sent to it.",
		Do:    "Compare the code with the hub's terminal (keyhold hub code), and try again.",
	},
	rule.Invitation: {
		What:  "Whoever answered this invitation does not hold its link, or asks for more than was offered.",
		Means: "The link was damaged, or it is in the wrong hands.",
		Did:   "They were not let in, and the invitation has ended.",
		Do:    "Make a new invitation and hand over its link yourself.",
	},
	rule.Withheld: {
		What:  "A removal that you asked for is not in force after a minute.",
		Means: "Your hub is off or away from its network, or the operator holds the removal back. Until it is in force, whoever is to go still sees what they could see.",
		Did:   "It is kept, and sent again until the hub has confirmed.",
		Do:    "Look at the hub and its network. If both are well, try from another network, and ask the operator.",
	},
	rule.Time: {
		What:  "A clock is wrong by more than two minutes.",
		Means: "Signed requests hold for two minutes, so that nobody can use an old one.",
		Did:   "Nothing was done.",
		Do:    "Set the clock of this computer, and look at the hub's.",
	},
}
