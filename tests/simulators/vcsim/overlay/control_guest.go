package simulator

import (
	"fmt"
	"net/http"
	"os"

	"github.com/vmware/govmomi/vim25/types"
)

// liveDisk finds the disk of a request, and the file that its guest writes.
func liveDisk(r *http.Request, vm *VirtualMachine) (*types.VirtualDisk, *flatVer2, error) {
	key, err := number(r, "disk")
	if err != nil {
		return nil, nil, err
	}
	disk, b := flatBacking(deviceByKey(vm.Config.Hardware.Device, int32(key)))
	if b == nil {
		return nil, nil, fmt.Errorf("%s has no flat disk %d", vm.Name, key)
	}
	return disk, b, nil
}

func within(disk *types.VirtualDisk, offset int64, length int64) error {
	if offset < 0 || length < 0 || offset+length > disk.CapacityInBytes {
		return fmt.Errorf("%d bytes at %d lie outside of the disk of %d", length, offset, disk.CapacityInBytes)
	}
	return nil
}

func controlGuestWrite(r *http.Request) (interface{}, error) {
	offset, err := number(r, "offset")
	if err != nil {
		return nil, err
	}
	content, err := body(r)
	if err != nil {
		return nil, err
	}
	return nil, onVM(r, func(vm *VirtualMachine) error {
		disk, b, err := liveDisk(r, vm)
		if err == nil {
			err = within(disk, offset, int64(len(content)))
		}
		if err != nil {
			return err
		}
		f, err := os.OpenFile(vm.contentPath(b.FileName), os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = f.WriteAt(content, offset)
		return err
	})
}

func controlGuestRead(r *http.Request) (interface{}, error) {
	offset, err := number(r, "offset")
	if err != nil {
		return nil, err
	}
	length, err := number(r, "length")
	if err != nil {
		return nil, err
	}
	var content []byte
	err = onVM(r, func(vm *VirtualMachine) error {
		disk, b, err := liveDisk(r, vm)
		if err == nil {
			err = within(disk, offset, length)
		}
		if err != nil {
			return err
		}
		f, err := os.Open(vm.contentPath(b.FileName))
		if err != nil {
			return err
		}
		defer f.Close()
		content = make([]byte, length)
		_, err = f.ReadAt(content, offset)
		return err
	})
	return content, err
}

// controlShutdown sets how long the guest takes to shut down; below 0 it never does.
func controlShutdown(r *http.Request) (interface{}, error) {
	ms, err := number(r, "ms")
	if err != nil {
		return nil, err
	}
	return nil, onVM(r, func(vm *VirtualMachine) error {
		vm.sim.shutdownMs = int(ms)
		return nil
	})
}
