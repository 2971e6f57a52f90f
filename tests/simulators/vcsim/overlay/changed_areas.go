package simulator

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// changeBlock is how finely changes are told.
const changeBlock = 64 << 10

// QueryChangedDiskAreas compares the content of a snapshot with the content at an earlier change id.
func (vm *VirtualMachine) QueryChangedDiskAreas(ctx *Context, req *types.QueryChangedDiskAreas) soap.HasFault {
	body := new(methods.QueryChangedDiskAreasBody)
	info, fault := vm.changedAreas(req)
	if fault != nil {
		body.Fault_ = fault
	} else {
		body.Res = &types.QueryChangedDiskAreasResponse{Returnval: *info}
	}
	return body
}

func invalidArgument(name string) *soap.Fault {
	return Fault("A specified parameter was not correct: "+name, &types.InvalidArgument{InvalidProperty: name})
}

func fileFault(file string) *soap.Fault {
	return Fault("Error caused by file "+file, &types.FileFault{File: file})
}

func (vm *VirtualMachine) changedAreas(req *types.QueryChangedDiskAreas) (*types.DiskChangeInfo, *soap.Fault) {
	devices := vm.Config.Hardware.Device
	if req.Snapshot != nil {
		snapshot, ok := Map.Get(*req.Snapshot).(*VirtualMachineSnapshot)
		if !ok || snapshot.Vm != vm.Self {
			return nil, Fault("", &types.ManagedObjectNotFound{Obj: *req.Snapshot})
		}
		devices = snapshot.Config.Hardware.Device
	}
	disk, b := flatBacking(deviceByKey(devices, req.DeviceKey))
	if b == nil {
		return nil, invalidArgument("deviceKey")
	}
	if req.StartOffset < 0 || req.StartOffset >= disk.CapacityInBytes {
		return nil, invalidArgument("startOffset")
	}
	// without a snapshot the question is about now, and a running machine has no steady now
	isLive := req.Snapshot == nil && vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOff
	earlier, known := vm.contentAt(req.DeviceKey, req.ChangeId)
	if isLive || !known || b.ChangeId == "" || vm.sim.tracking == nil {
		return nil, fileFault(b.FileName)
	}

	now, err := os.Open(vm.contentPath(b.FileName))
	if err != nil {
		return nil, fileFault(b.FileName)
	}
	defer now.Close()
	var then *os.File
	if earlier != "" {
		if then, err = os.Open(earlier); err != nil {
			return nil, fileFault(b.FileName)
		}
		defer then.Close()
	}

	areas, reached := compare(then, now, req.StartOffset, disk.CapacityInBytes)
	return &types.DiskChangeInfo{
		StartOffset: req.StartOffset,
		Length:      reached - req.StartOffset,
		ChangedArea: areas,
	}, nil
}

// contentAt gives the file with the content at a change id; the empty name stands for "nothing yet", that is for "*".
func (vm *VirtualMachine) contentAt(key int32, changeID string) (string, bool) {
	epoch := vm.sim.tracking[key]
	if epoch == nil {
		return "", false
	}
	if changeID == "*" {
		return "", true
	}
	cut := strings.LastIndex(changeID, "/")
	if cut < 0 || changeID[:cut] != epoch.id {
		return "", false
	}
	sequence, err := strconv.Atoi(changeID[cut+1:])
	return epoch.historyPath(sequence), err == nil && sequence >= 1 && sequence <= epoch.sequence
}

// compare lists where two contents differ, block by block, until it has as many areas as an answer may hold.
// Without an earlier content it lists what is allocated.
func compare(then *os.File, now *os.File, start int64, capacity int64) ([]types.DiskChangeExtent, int64) {
	var areas []types.DiskChangeExtent
	limit := int(atomic.LoadInt64(&maxAreas))
	a, b := make([]byte, changeBlock), make([]byte, changeBlock)
	for off := start - start%changeBlock; off < capacity; off += changeBlock {
		// both are zeroes up to the next data of either
		next := nextData(now, off, capacity)
		if n := nextData(then, off, capacity); n < next {
			next = n
		}
		off = next - next%changeBlock
		if next >= capacity {
			break
		}
		if then != nil && bytes.Equal(readBlock(then, a, off), readBlock(now, b, off)) {
			continue
		}
		first, end := off, off+changeBlock
		if first < start {
			first = start
		}
		if end > capacity {
			end = capacity
		}
		if n := len(areas); n > 0 && areas[n-1].Start+areas[n-1].Length == first {
			areas[n-1].Length += end - first
			continue
		}
		if len(areas) == limit {
			return areas, off
		}
		areas = append(areas, types.DiskChangeExtent{Start: first, Length: end - first})
	}
	return areas, capacity
}

// readBlock reads a block; what lies behind the end of the file is zeroes.
func readBlock(f *os.File, buf []byte, off int64) []byte {
	n, err := f.ReadAt(buf, off)
	if err != nil && err != io.EOF {
		panic(fmt.Sprintf("reading %s: %s", f.Name(), err))
	}
	for i := n; i < len(buf); i++ {
		buf[i] = 0
	}
	return buf
}
