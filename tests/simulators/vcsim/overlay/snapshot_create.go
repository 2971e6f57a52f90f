package simulator

import (
	"os"
	"path"
	"sync/atomic"
	"time"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

func (vm *VirtualMachine) CreateSnapshotTask(ctx *Context, req *types.CreateSnapshot_Task) soap.HasFault {
	task := vm.background(ctx, "createSnapshotTask", "VirtualMachine.createSnapshot",
		func() (types.AnyType, types.BaseMethodFault) {
			return vm.takeSnapshot(req.Name, req.Description, req.Quiesce)
		})
	return taskAnswers["CreateSnapshot_Task"](task)
}

func (vm *VirtualMachine) CreateSnapshotExTask(ctx *Context, req *types.CreateSnapshotEx_Task) soap.HasFault {
	task := vm.background(ctx, "createSnapshotExTask", "VirtualMachine.createSnapshotEx",
		func() (types.AnyType, types.BaseMethodFault) {
			return vm.takeSnapshot(req.Name, req.Description, req.QuiesceSpec != nil)
		})
	return taskAnswers["CreateSnapshotEx_Task"](task)
}

// takeSnapshot freezes all disks at one moment: the machine's lock keeps the guest from writing meanwhile.
func (vm *VirtualMachine) takeSnapshot(name string, description string, quiesced bool) (types.AnyType, types.BaseMethodFault) {
	frozen, live, err := vm.freezeDisks()
	if err != nil {
		return nil, &types.FileFault{File: err.Error()}
	}

	snapshot := &VirtualMachineSnapshot{}
	snapshot.Vm = vm.Reference()
	snapshot.Config = *vm.Config
	snapshot.Config.Hardware.Device = frozen
	Map.Put(snapshot)

	info := vm.snapshotInfo()
	item := types.VirtualMachineSnapshotTree{
		Snapshot:        snapshot.Self,
		Vm:              vm.Self,
		Name:            name,
		Description:     description,
		Id:              atomic.AddInt32(&vm.sid, 1),
		CreateTime:      time.Now(),
		State:           vm.Runtime.PowerState,
		Quiesced:        quiesced,
		ReplaySupported: types.NewBool(false),
	}
	if info.CurrentSnapshot == nil {
		info.RootSnapshotList = append(info.RootSnapshotList, item)
	} else {
		parent := findSnapshotInTree(info.RootSnapshotList, *info.CurrentSnapshot)
		parent.ChildSnapshotList = append(parent.ChildSnapshotList, item)
	}
	info.CurrentSnapshot = &snapshot.Self
	snapshot.createSnapshotFiles()
	vm.publishDevices(live)
	vm.publishSnapshots(info)
	vm.beginTracking() // the stun that a running machine needs for it
	return snapshot.Self, nil
}

// freezeDisks gives the devices as the snapshot has them, and as the machine has them from now on.
func (vm *VirtualMachine) freezeDisks() (frozen []types.BaseVirtualDevice, live []types.BaseVirtualDevice, err error) {
	for _, device := range vm.Config.Hardware.Device {
		disk, b := flatBacking(device)
		if !isFrozenBySnapshots(device) {
			live = append(live, device)
			continue
		}
		if b == nil {
			frozen, live = append(frozen, device), append(live, device)
			continue
		}
		kept, top := copyBacking(b), (*flatVer2)(nil)
		if top, err = vm.growDelta(b); err != nil {
			return nil, nil, err
		}
		if vm.sim.tracking != nil {
			kept.ChangeId, top.ChangeId, err = vm.recordFrozen(disk.Key, vm.contentPath(b.FileName))
			if err != nil {
				return nil, nil, err
			}
			top.Parent.ChangeId = kept.ChangeId
		}
		frozen = append(frozen, withBacking(disk, kept))
		live = append(live, withBacking(disk, top))
	}
	return frozen, live, nil
}

// snapshotInfo gives a copy of the tree, which may be changed.
func (vm *VirtualMachine) snapshotInfo() *types.VirtualMachineSnapshotInfo {
	if vm.Snapshot == nil {
		return new(types.VirtualMachineSnapshotInfo)
	}
	info := *vm.Snapshot
	info.RootSnapshotList = copyTree(info.RootSnapshotList)
	return &info
}

func copyTree(tree []types.VirtualMachineSnapshotTree) []types.VirtualMachineSnapshotTree {
	c := append([]types.VirtualMachineSnapshotTree(nil), tree...)
	for i := range c {
		c[i].ChildSnapshotList = copyTree(c[i].ChildSnapshotList)
	}
	return c
}

// publishSnapshots makes the tree the machine's own, brings what follows from it up to date, and tells who watches it.
func (vm *VirtualMachine) publishSnapshots(info *types.VirtualMachineSnapshotInfo) {
	roots := []types.ManagedObjectReference{}
	for _, item := range info.RootSnapshotList {
		roots = append(roots, item.Snapshot)
	}
	changes := []types.PropertyChange{{Name: "rootSnapshot", Val: roots}}
	if len(roots) == 0 {
		vm.Snapshot = nil
		changes = append(changes, types.PropertyChange{Name: "snapshot", Val: nil})
	} else {
		vm.Snapshot = info
		changes = append(changes,
			types.PropertyChange{Name: "snapshot.rootSnapshotList", Val: info.RootSnapshotList},
			types.PropertyChange{Name: "snapshot.currentSnapshot", Val: *info.CurrentSnapshot},
		)
	}
	for ref, snapshot := range vm.snapshots() {
		children := []types.ManagedObjectReference{}
		for _, item := range findSnapshotInTree(info.RootSnapshotList, ref).ChildSnapshotList {
			children = append(children, item.Snapshot)
		}
		Map.WithLock(snapshot, func() { snapshot.ChildSnapshot = children })
	}
	Map.Update(vm, changes)
}

// snapshots gives all snapshots of the machine.
func (vm *VirtualMachine) snapshots() map[types.ManagedObjectReference]*VirtualMachineSnapshot {
	all := make(map[types.ManagedObjectReference]*VirtualMachineSnapshot)
	if vm.Snapshot == nil {
		return all
	}
	for _, ref := range allSnapshotsInTree(vm.Snapshot.RootSnapshotList) {
		if snapshot, ok := Map.Get(ref).(*VirtualMachineSnapshot); ok {
			all[ref] = snapshot
		}
	}
	return all
}

// dropSnapshotFiles removes what createSnapshotFiles made.
func (vm *VirtualMachine) dropSnapshotFiles(ref types.ManagedObjectReference) {
	layout, layoutEx := *vm.Layout, *vm.LayoutEx
	layout.Snapshot, layoutEx.Snapshot, layoutEx.File = nil, nil, nil
	for _, item := range vm.Layout.Snapshot {
		if item.Key != ref {
			layout.Snapshot = append(layout.Snapshot, item)
		}
	}
	dropped := int32(-1)
	for _, item := range vm.LayoutEx.Snapshot {
		if item.Key == ref {
			dropped = item.DataKey
		} else {
			layoutEx.Snapshot = append(layoutEx.Snapshot, item)
		}
	}
	for _, file := range vm.LayoutEx.File {
		if file.Key == dropped && path.Ext(file.Name) == ".vmsn" {
			_ = os.Remove(vm.diskPath(file.Name))
		} else {
			layoutEx.File = append(layoutEx.File, file)
		}
	}
	vm.Layout, vm.LayoutEx = &layout, &layoutEx
}
