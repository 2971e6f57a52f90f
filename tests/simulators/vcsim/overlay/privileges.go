package simulator

import (
	"strings"
	"sync"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// denied holds the privileges that nobody has.
var denied struct {
	sync.Mutex
	ids map[string]bool
}

func denyPrivileges(ids []string) {
	denied.Lock()
	defer denied.Unlock()
	denied.ids = make(map[string]bool)
	for _, id := range ids {
		denied.ids[id] = true
	}
}

func isGranted(id string) bool {
	denied.Lock()
	defer denied.Unlock()
	return !denied.ids[id]
}

// neededPrivilege is what a method needs, of those that a client of ours calls.
var neededPrivilege = map[string]string{
	"CreateSnapshot_Task":     "VirtualMachine.State.CreateSnapshot",
	"CreateSnapshotEx_Task":   "VirtualMachine.State.CreateSnapshot",
	"RemoveSnapshot_Task":     "VirtualMachine.State.RemoveSnapshot",
	"RemoveAllSnapshots_Task": "VirtualMachine.State.RemoveSnapshot",
	"PowerOnVM_Task":          "VirtualMachine.Interact.PowerOn",
	"PowerOffVM_Task":         "VirtualMachine.Interact.PowerOff",
	"ShutdownGuest":           "VirtualMachine.Interact.PowerOff",
	"QueryChangedDiskAreas":   "VirtualMachine.Provisioning.DiskRandomRead",
}

// missingPrivilege gives the fault for a call that needs a denied privilege.
func missingPrivilege(method *Method) soap.HasFault {
	id := neededPrivilege[method.Name]
	if req, ok := method.Body.(*types.ReconfigVM_Task); ok && req.Spec.ChangeTrackingEnabled != nil {
		id = "VirtualMachine.Config.ChangeTracking"
	}
	if id == "" || isGranted(id) {
		return nil
	}
	fault := &types.NoPermission{Object: method.This, PrivilegeId: id}
	return &serverFaultBody{Reason: Fault("Permission to perform this operation was denied.", fault)}
}

// fillPrivilegeList tells which privileges this server knows at all.
func (m *AuthorizationManager) fillPrivilegeList(ids []string) {
	if len(m.PrivilegeList) != 0 {
		return
	}
	for _, id := range ids {
		cut := strings.LastIndex(id, ".")
		m.PrivilegeList = append(m.PrivilegeList, types.AuthorizationPrivilege{
			PrivId: id, PrivGroupName: id[:cut], Name: id[cut+1:],
		})
	}
}

func availability(ids []string) []types.PrivilegeAvailability {
	var all []types.PrivilegeAvailability
	for _, id := range ids {
		all = append(all, types.PrivilegeAvailability{PrivId: id, IsGranted: isGranted(id)})
	}
	return all
}

func (m *AuthorizationManager) HasPrivilegeOnEntities(req *types.HasPrivilegeOnEntities) soap.HasFault {
	var all []types.EntityPrivilege
	for _, entity := range req.Entity {
		all = append(all, types.EntityPrivilege{Entity: entity, PrivAvailability: availability(req.PrivId)})
	}
	return &methods.HasPrivilegeOnEntitiesBody{Res: &types.HasPrivilegeOnEntitiesResponse{Returnval: all}}
}

func (m *AuthorizationManager) HasPrivilegeOnEntity(req *types.HasPrivilegeOnEntity) soap.HasFault {
	all := make([]bool, len(req.PrivId))
	for i, id := range req.PrivId {
		all[i] = isGranted(id)
	}
	return &methods.HasPrivilegeOnEntityBody{Res: &types.HasPrivilegeOnEntityResponse{Returnval: all}}
}

func (m *AuthorizationManager) FetchUserPrivilegeOnEntities(req *types.FetchUserPrivilegeOnEntities) soap.HasFault {
	var granted []string
	for _, privilege := range m.PrivilegeList {
		if isGranted(privilege.PrivId) {
			granted = append(granted, privilege.PrivId)
		}
	}
	var all []types.UserPrivilegeResult
	for _, entity := range req.Entities {
		all = append(all, types.UserPrivilegeResult{Entity: entity, Privileges: granted})
	}
	return &methods.FetchUserPrivilegeOnEntitiesBody{
		Res: &types.FetchUserPrivilegeOnEntitiesResponse{Returnval: all},
	}
}
