package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"reflect"

	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/vim25/types"
)

func faultError(fault types.BaseMethodFault) error {
	if fault == nil {
		return nil
	}
	return fmt.Errorf("%T: %+v", fault, fault)
}

type diskView struct {
	Key          int32    `json:"key"`
	Label        string   `json:"label"`
	SizeBytes    int64    `json:"sizeBytes"`
	FileName     string   `json:"fileName"`
	UUID         string   `json:"uuid"`
	ChangeID     string   `json:"changeId"`
	DiskObjectID string   `json:"diskObjectId"`
	LivePath     string   `json:"livePath"`
	Chain        []string `json:"chain"`
}

func (vm *VirtualMachine) viewDisk(disk *types.VirtualDisk, b *flatVer2) diskView {
	view := diskView{
		Key:          disk.Key,
		Label:        disk.DeviceInfo.GetDescription().Label,
		SizeBytes:    disk.CapacityInBytes,
		FileName:     b.FileName,
		UUID:         b.Uuid,
		ChangeID:     b.ChangeId,
		DiskObjectID: disk.DiskObjectId,
		LivePath:     vm.contentPath(b.FileName),
	}
	for _, link := range chainOf(b) {
		view.Chain = append(view.Chain, link.FileName)
	}
	return view
}

// controlAddDisk adds a flat disk with real, sparse content on the machine's SCSI controller.
func controlAddDisk(r *http.Request) (interface{}, error) {
	size, err := number(r, "sizeBytes")
	if err != nil {
		return nil, err
	}
	query := r.URL.Query()
	var view diskView
	err = onVM(r, func(vm *VirtualMachine) error {
		devices := object.VirtualDeviceList(vm.Config.Hardware.Device)
		controller, err := devices.FindDiskController("scsi")
		if err != nil {
			return err
		}
		name := query.Get("file")
		if name == "" {
			name, err = vm.freeDiskName()
		}
		if err != nil {
			return err
		}
		disk := devices.CreateDisk(controller, types.ManagedObjectReference{}, name)
		disk.CapacityInBytes, disk.CapacityInKB = size, size/1024
		_, b := flatBacking(disk)
		b.DiskMode = query.Get("mode")
		b.Sharing = query.Get("sharing")
		if label := query.Get("label"); label != "" {
			disk.DeviceInfo = &types.Description{Label: label}
		}
		fault := vm.configureDevices(&types.VirtualMachineConfigSpec{
			DeviceChange: []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{
				Operation:     types.VirtualDeviceConfigSpecOperationAdd,
				FileOperation: types.VirtualDeviceConfigSpecFileOperationCreate,
				Device:        disk,
			}},
		})
		if fault != nil {
			return faultError(fault)
		}
		view = vm.viewDisk(disk, b)
		return nil
	})
	return view, err
}

// freeDiskName gives the first free name of the kind that vcsim gives the disk it makes.
func (vm *VirtualMachine) freeDiskName() (string, error) {
	p := vm.vmx(nil)
	dir := object.DatastorePath{Datastore: p.Datastore, Path: vm.Name}
	for n := 1; n < 100; n++ {
		name := fmt.Sprintf("%s/disk%d.vmdk", dir.String(), n)
		if _, err := os.Stat(vm.diskPath(name)); os.IsNotExist(err) {
			return name, nil
		}
	}
	return "", fmt.Errorf("no name is free in %s", dir.String())
}

func controlGrowDisk(r *http.Request) (interface{}, error) {
	size, err := number(r, "sizeBytes")
	if err != nil {
		return nil, err
	}
	return nil, onVM(r, func(vm *VirtualMachine) error {
		disk, b, err := liveDisk(r, vm)
		if err != nil {
			return err
		}
		if b.Parent != nil || size < disk.CapacityInBytes {
			return fmt.Errorf("a disk with snapshots cannot grow, and none can shrink")
		}
		if err = os.Truncate(vm.contentPath(b.FileName), size); err != nil {
			return err
		}
		devices := append([]types.BaseVirtualDevice(nil), vm.Config.Hardware.Device...)
		for i, device := range devices {
			if device.GetVirtualDevice().Key == disk.Key {
				grown := withBacking(disk, copyBacking(b))
				grown.CapacityInBytes, grown.CapacityInKB = size, size/1024
				devices[i] = grown
			}
		}
		vm.publishDevices(devices)
		return nil
	})
}

func controlRemoveDisk(r *http.Request) (interface{}, error) {
	return nil, onVM(r, func(vm *VirtualMachine) error {
		disk, _, err := liveDisk(r, vm)
		if err != nil {
			return err
		}
		// on a copy, because vcsim takes it out in place
		config := *vm.Config
		config.Hardware.Device = append([]types.BaseVirtualDevice(nil), config.Hardware.Device...)
		vm.Config = &config
		delete(vm.sim.tracking, disk.Key)
		return faultError(vm.configureDevices(&types.VirtualMachineConfigSpec{
			DeviceChange: []types.BaseVirtualDeviceConfigSpec{&types.VirtualDeviceConfigSpec{
				Operation:     types.VirtualDeviceConfigSpecOperationRemove,
				FileOperation: types.VirtualDeviceConfigSpecFileOperationDestroy,
				Device:        disk,
			}},
		}))
	})
}

// deviceSpec describes a device of any type by names: {"type":"VirtualTPM","fields":{…},"backing":{"type":…}}.
type deviceSpec struct {
	Type    string          `json:"type"`
	Fields  json.RawMessage `json:"fields"`
	Backing *deviceSpec     `json:"backing"`
}

func (s *deviceSpec) make() (interface{}, error) {
	kind, ok := vim25MapType(s.Type)
	if !ok {
		return nil, fmt.Errorf("there is no type %q", s.Type)
	}
	val := reflect.New(kind).Interface()
	if len(s.Fields) > 0 {
		if err := json.Unmarshal(s.Fields, val); err != nil {
			return nil, err
		}
	}
	return val, nil
}

// controlAddDevice puts a device as it is: nothing is checked, and no files are made.
func controlAddDevice(r *http.Request) (interface{}, error) {
	var spec deviceSpec
	if err := json.NewDecoder(r.Body).Decode(&spec); err != nil {
		return nil, err
	}
	made, err := spec.make()
	if err != nil {
		return nil, err
	}
	device, ok := made.(types.BaseVirtualDevice)
	if !ok {
		return nil, fmt.Errorf("%q is no device", spec.Type)
	}
	d := device.GetVirtualDevice()
	if spec.Backing != nil {
		made, err := spec.Backing.make()
		if err != nil {
			return nil, err
		}
		if d.Backing, ok = made.(types.BaseVirtualDeviceBackingInfo); !ok {
			return nil, fmt.Errorf("%q is no backing", spec.Backing.Type)
		}
	}
	err = onVM(r, func(vm *VirtualMachine) error {
		for d.Key == 0 || deviceByKey(vm.Config.Hardware.Device, d.Key) != nil {
			d.Key += 1000
		}
		if d.DeviceInfo == nil {
			d.DeviceInfo = &types.Description{Label: spec.Type, Summary: spec.Type}
		}
		vm.publishDevices(append(append([]types.BaseVirtualDevice(nil), vm.Config.Hardware.Device...), device))
		return nil
	})
	return d.Key, err
}
