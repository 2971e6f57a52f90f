package simulator

import (
	"os"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

func (v *VirtualMachineSnapshot) machine() *VirtualMachine {
	vm, _ := Map.Get(v.Vm).(*VirtualMachine)
	return vm
}

// onMachine runs the work of a method of a snapshot as a task of its machine.
func (v *VirtualMachineSnapshot) onMachine(ctx *Context, method string, id string,
	run func(*VirtualMachine) types.BaseMethodFault) soap.HasFault {
	vm := v.machine()
	if vm == nil {
		return &serverFaultBody{Reason: Fault("", &types.ManagedObjectNotFound{Obj: v.Self})}
	}
	task := vm.backgroundUnlocked(ctx, lcFirst(method)+sTaskSuffix, id, func() (types.AnyType, types.BaseMethodFault) {
		return nil, run(vm)
	})
	return taskAnswers[method+vTaskSuffix](task)
}

func (v *VirtualMachineSnapshot) RemoveSnapshotTask(ctx *Context, req *types.RemoveSnapshot_Task) soap.HasFault {
	leaveChain := ruleOf(ctx).LeaveChain || (req.Consolidate != nil && !*req.Consolidate)
	return v.onMachine(ctx, "RemoveSnapshot", "vm.Snapshot.remove", func(vm *VirtualMachine) types.BaseMethodFault {
		return vm.removeSnapshot(v.Self, req.RemoveChildren, leaveChain)
	})
}

func (vm *VirtualMachine) RemoveAllSnapshotsTask(ctx *Context, req *types.RemoveAllSnapshots_Task) soap.HasFault {
	leaveChain := ruleOf(ctx).LeaveChain || (req.Consolidate != nil && !*req.Consolidate)
	task := vm.background(ctx, "removeAllSnapshotsTask", "VirtualMachine.removeAllSnapshots",
		func() (types.AnyType, types.BaseMethodFault) {
			if vm.Snapshot == nil {
				return nil, nil
			}
			for _, item := range vm.Snapshot.RootSnapshotList {
				if fault := vm.removeSnapshot(item.Snapshot, true, leaveChain); fault != nil {
					return nil, fault
				}
			}
			return nil, nil
		})
	return taskAnswers["RemoveAllSnapshots_Task"](task)
}

// removeSnapshot takes a snapshot out of the tree, then folds the links of the disks that nobody needs any more.
func (vm *VirtualMachine) removeSnapshot(ref types.ManagedObjectReference, children bool, leaveChain bool) types.BaseMethodFault {
	info := vm.snapshotInfo()
	item := findSnapshotInTree(info.RootSnapshotList, ref)
	if item == nil {
		return &types.ManagedObjectNotFound{Obj: ref}
	}
	removed := []types.ManagedObjectReference{ref}
	if children {
		removed = append(removed, allSnapshotsInTree(item.ChildSnapshotList)...)
	}
	if info.CurrentSnapshot != nil && FindReference(removed, *info.CurrentSnapshot) != nil {
		info.CurrentSnapshot = findParentSnapshotInTree(info.RootSnapshotList, ref)
	}
	info.RootSnapshotList = removeSnapshotInTree(info.RootSnapshotList, ref, children)
	if info.CurrentSnapshot == nil && len(info.RootSnapshotList) > 0 {
		info.CurrentSnapshot = &info.RootSnapshotList[0].Snapshot
	}

	for _, gone := range removed {
		vm.dropSnapshotFiles(gone)
	}
	vm.publishSnapshots(info)
	for _, gone := range removed {
		Map.Remove(gone)
	}

	if leaveChain {
		vm.setConsolidationNeeded(true)
	} else if err := vm.consolidate(); err != nil {
		vm.setConsolidationNeeded(true)
		return &types.FileFault{File: err.Error()}
	}
	vm.beginTracking() // the stun that a running machine needs for it
	return nil
}

func (vm *VirtualMachine) setConsolidationNeeded(needed bool) {
	vm.Runtime.ConsolidationNeeded = types.NewBool(needed)
	vm.Summary.Runtime.ConsolidationNeeded = types.NewBool(needed)
	Map.Update(vm, []types.PropertyChange{
		{Name: "runtime.consolidationNeeded", Val: needed},
		{Name: "summary.runtime.consolidationNeeded", Val: needed},
	})
}

func (vm *VirtualMachine) ConsolidateVMDisksTask(ctx *Context, req *types.ConsolidateVMDisks_Task) soap.HasFault {
	task := vm.background(ctx, "consolidateVMDisksTask", "VirtualMachine.consolidateDisks",
		func() (types.AnyType, types.BaseMethodFault) {
			if err := vm.consolidate(); err != nil {
				return nil, &types.FileFault{File: err.Error()}
			}
			vm.setConsolidationNeeded(false)
			vm.beginTracking()
			return nil, nil
		})
	return taskAnswers["ConsolidateVMDisks_Task"](task)
}

func (v *VirtualMachineSnapshot) RevertToSnapshotTask(ctx *Context, req *types.RevertToSnapshot_Task) soap.HasFault {
	return v.onMachine(ctx, "RevertToSnapshot", "vm.Snapshot.revert", func(vm *VirtualMachine) types.BaseMethodFault {
		return vm.revertTo(v)
	})
}

// revertTo brings the disks back to what they were. Whatever knew the changes up to now is of no use afterwards.
func (vm *VirtualMachine) revertTo(v *VirtualMachineSnapshot) types.BaseMethodFault {
	devices := append([]types.BaseVirtualDevice(nil), vm.Config.Hardware.Device...)
	for i, device := range devices {
		disk, b := flatBacking(device)
		_, kept := flatBacking(deviceByKey(v.Config.Hardware.Device, device.GetVirtualDevice().Key))
		if b == nil || kept == nil {
			continue
		}
		// a new file: the old one may still be open, or be part of the history
		content := vm.contentPath(b.FileName)
		_ = os.Remove(content)
		if err := copySparse(vm.contentPath(kept.FileName), content); err != nil {
			return &types.FileFault{File: content}
		}
		reverted := *b
		reverted.Parent = copyBacking(kept)
		devices[i] = withBacking(disk, &reverted)
	}
	vm.publishDevices(devices)
	info := vm.snapshotInfo()
	info.CurrentSnapshot = &v.Self
	vm.publishSnapshots(info)
	if vm.sim.tracking != nil {
		vm.resetTracking()
	}
	return nil
}
