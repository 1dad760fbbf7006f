// SPDX-License-Identifier: Apache-2.0

package camera

import (
	"net/http"
	"net/netip"
)

const doorNamespace = "http://www.onvif.org/ver10/doorcontrol/wsdl"

// The tokens of what a device opens its lock by.
const (
	RelayToken = "relay-1"
	DoorToken  = "door-1"
)

// doors is where a feed's door is asked for.
func (o *onvif) doors(path string, host netip.Addr) string {
	return "http://" + at(o.addr, host) + "/onvif" + path + "/door_service"
}

// ofDoors answers calls about relays and doors, and says whether it was one.
func (o *onvif) ofDoors(w http.ResponseWriter, f *feed, service string, q *question) bool {
	call := &q.Body.Call
	isRelay := f.isRelays(service, call.XMLName)
	isDoor := f.door && service == "door_service" && call.XMLName.Space == doorNamespace
	if !isRelay && !isDoor {
		return false
	}
	answer := ""
	if isRelay {
		answer = o.ofRelays(f, q)
	}
	switch call.XMLName.Local {
	case "GetDoorInfoList":
		answer = `<tdc:GetDoorInfoListResponse><tdc:DoorInfo token="` + DoorToken + `"><tdc:Name>Door</tdc:Name><tdc:Capabilities Access="true" LockMonitor="true"/></tdc:DoorInfo></tdc:GetDoorInfoListResponse>`
	case "AccessDoor":
		if call.Door == DoorToken {
			o.c.latch.open()
			answer = `<tdc:AccessDoorResponse/>`
		}
	case "GetDoorState":
		if call.Door == DoorToken {
			lock, mode := "Locked", "Locked"
			if o.c.latch.state().Open {
				lock, mode = "Unlocked", "Accessed"
			}
			answer = `<tdc:GetDoorStateResponse><tdc:DoorState><tdc:LockPhysicalState>` + lock + `</tdc:LockPhysicalState><tdc:DoorMode>` + mode + `</tdc:DoorMode></tdc:DoorState></tdc:GetDoorStateResponse>`
		}
	}
	if answer == "" {
		o.fault(w, http.StatusBadRequest, "Sender", "ter:InvalidArgVal")
		return true
	}
	envelope(w, http.StatusOK, answer)
	return true
}
