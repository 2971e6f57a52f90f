package simulator

import (
	"fmt"
	"os"
	"strings"

	"github.com/vmware/govmomi/vim25/types"
)

type flatVer2 = types.VirtualDiskFlatVer2BackingInfo

// What is published to clients is never changed in place: an answer may still be written out of it. Hence the copies.

func copyBacking(b *flatVer2) *flatVer2 {
	if b == nil {
		return nil
	}
	c := *b
	c.Parent = copyBacking(b.Parent)
	return &c
}

// withBacking gives a copy of the disk that stands on another backing.
func withBacking(disk *types.VirtualDisk, backing *flatVer2) *types.VirtualDisk {
	c := *disk
	c.Backing = backing
	return &c
}

// isFrozenBySnapshots tells whether snapshots hold a disk: independent ones and raw mappings of a whole device stay out.
func isFrozenBySnapshots(device types.BaseVirtualDevice) bool {
	disk, ok := device.(*types.VirtualDisk)
	if !ok {
		return true
	}
	switch b := disk.Backing.(type) {
	case *flatVer2:
		return !strings.HasPrefix(b.DiskMode, "independent")
	case *types.VirtualDiskRawDiskMappingVer1BackingInfo:
		return b.CompatibilityMode != string(types.VirtualDiskCompatibilityModePhysicalMode)
	case *types.VirtualDiskRawDiskVer2BackingInfo:
		return false
	}
	return true
}

// chainOf lists the links of a backing from the top to the base.
func chainOf(b *flatVer2) []*flatVer2 {
	var links []*flatVer2
	for ; b != nil; b = b.Parent {
		links = append(links, b)
	}
	return links
}

// nextDelta gives the first free name for a delta of the disk.
func (vm *VirtualMachine) nextDelta(name string) string {
	base := strings.TrimSuffix(deltaSuffix.ReplaceAllString(name, ".vmdk"), ".vmdk")
	for n := 1; ; n++ {
		delta := fmt.Sprintf("%s-%06d.vmdk", base, n)
		if _, err := os.Stat(vm.diskPath(delta)); os.IsNotExist(err) {
			return delta
		}
	}
}

// growDelta puts a new delta on top of the backing: what it stands on is not written any more.
func (vm *VirtualMachine) growDelta(b *flatVer2) (*flatVer2, error) {
	delta := vm.nextDelta(b.FileName)
	if err := copySparse(vm.contentPath(b.FileName), vm.contentPath(delta)); err != nil {
		return nil, err
	}
	descriptor := fmt.Sprintf("# Disk DescriptorFile\nversion=1\nparentFileNameHint=%q\n", vm.diskPath(b.FileName))
	if err := os.WriteFile(vm.diskPath(delta), []byte(descriptor), 0600); err != nil {
		return nil, err
	}
	live := copyBacking(b)
	live.FileName = delta
	live.DeltaDiskFormat = string(types.VirtualDiskDeltaDiskFormatRedoLogFormat)
	live.Parent = copyBacking(b)
	return live, nil
}

// consolidate folds every link of the live chains that no snapshot needs any more into the link below it.
func (vm *VirtualMachine) consolidate() error {
	var devices []types.BaseVirtualDevice
	for _, device := range vm.Config.Hardware.Device {
		disk, backing := flatBacking(device)
		if backing == nil || backing.Parent == nil {
			devices = append(devices, device)
			continue
		}
		folded, err := vm.foldChain(disk.Key, backing)
		if err != nil {
			return err
		}
		devices = append(devices, withBacking(disk, folded))
	}
	vm.publishDevices(devices)
	return nil
}

func (vm *VirtualMachine) foldChain(key int32, top *flatVer2) (*flatVer2, error) {
	needed := map[string]bool{top.FileName: true}
	for _, snapshot := range vm.snapshots() {
		if _, b := flatBacking(deviceByKey(snapshot.Config.Hardware.Device, key)); b != nil {
			needed[b.FileName] = true
		}
	}

	// from the base upwards: links that are not needed gather until one is, and all take the name of the lowest
	links := chainOf(top)
	folded := make(map[string]*flatVer2)
	var below *flatVer2
	var group []*flatVer2
	for i := len(links) - 1; i >= 0; i-- {
		group = append(group, links[i])
		if !needed[links[i].FileName] {
			continue
		}
		if err := vm.foldFiles(group); err != nil {
			return nil, err
		}
		link := *links[i]
		link.FileName = group[0].FileName
		link.DeltaDiskFormat = group[0].DeltaDiskFormat
		link.Parent = below
		folded[links[i].FileName] = &link
		below, group = &link, nil
	}

	for _, snapshot := range vm.snapshots() {
		snapshot.rebase(key, folded)
	}
	return copyBacking(folded[top.FileName]), nil
}

// foldFiles lets the content of the topmost link take the place of the lowest one's.
func (vm *VirtualMachine) foldFiles(group []*flatVer2) error {
	last := len(group) - 1
	if last == 0 {
		return nil
	}
	err := os.Rename(vm.contentPath(group[last].FileName), vm.contentPath(group[0].FileName))
	if err != nil {
		return err
	}
	for i, link := range group[1:] {
		_ = os.Remove(vm.diskPath(link.FileName))
		if i+1 < last {
			_ = os.Remove(vm.contentPath(link.FileName))
		}
	}
	return nil
}

// rebase lets the snapshot's disk stand on the link that took the place of its own.
func (v *VirtualMachineSnapshot) rebase(key int32, folded map[string]*flatVer2) {
	devices := append([]types.BaseVirtualDevice(nil), v.Config.Hardware.Device...)
	for i, device := range devices {
		disk, b := flatBacking(device)
		if b == nil || disk.Key != key || folded[b.FileName] == nil {
			continue
		}
		link := folded[b.FileName]
		own := *b // the change id and the like are the snapshot's own
		own.FileName, own.DeltaDiskFormat = link.FileName, link.DeltaDiskFormat
		own.Parent = copyBacking(link.Parent)
		devices[i] = withBacking(disk, &own)
	}
	Map.WithLock(v, func() { v.Config.Hardware.Device = devices })
}

func deviceByKey(devices []types.BaseVirtualDevice, key int32) types.BaseVirtualDevice {
	for _, device := range devices {
		if device.GetVirtualDevice().Key == key {
			return device
		}
	}
	return nil
}

// publishDevices makes the devices the machine's own, and tells whoever watches them.
func (vm *VirtualMachine) publishDevices(devices []types.BaseVirtualDevice) {
	config := *vm.Config
	config.Hardware.Device = devices
	vm.Config = &config
	Map.Update(vm, []types.PropertyChange{{Name: "config.hardware.device", Val: devices}})
	vm.refreshLayout()
}

// refreshLayout brings layoutEx to what lies in the datastore now.
func (vm *VirtualMachine) refreshLayout() {
	layout := *vm.LayoutEx
	layout.File = nil
	for _, file := range vm.LayoutEx.File {
		if _, err := os.Stat(vm.diskPath(file.Name)); err == nil || !strings.HasSuffix(file.Name, ".vmdk") {
			layout.File = append(layout.File, file)
		}
	}
	vm.LayoutEx = &layout
	vm.updateDiskLayouts()
}
