package simulator

import (
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/vim25/types"
)

// vmSimulation is what this overlay keeps about a machine; the machine's lock guards it.
type vmSimulation struct {
	// tracking holds the epoch of each disk while changed block tracking is in effect, else it is nil
	tracking map[int32]*trackingEpoch
	// shutdownMs is how long the guest takes to shut down; below 0 it never does
	shutdownMs int
}

// trackingEpoch is a time during which a disk's changes are known without a gap.
type trackingEpoch struct {
	id       string
	sequence int
}

func (e *trackingEpoch) changeID(sequence int) string {
	return fmt.Sprintf("%s/%d", e.id, sequence)
}

func newTrackingEpoch() *trackingEpoch {
	id := uuid.New()
	return &trackingEpoch{id: fmt.Sprintf("% x-% x", id[:8], id[8:])}
}

var history struct {
	once sync.Once
	dir  string
}

// historyPath is where the content of a disk at a change id is kept: outside of what `/folder` serves.
func (e *trackingEpoch) historyPath(sequence int) string {
	history.once.Do(func() { history.dir, _ = ioutil.TempDir("", "govcsim-ctk-") })
	return filepath.Join(history.dir, fmt.Sprintf("%s@%d", strings.ReplaceAll(e.id, " ", ""), sequence))
}

// removeHistory drops what was kept to compare with; at the end of the process.
func removeHistory() {
	if history.dir != "" {
		_ = os.RemoveAll(history.dir)
	}
}

// isTrackable: changed block tracking came with hardware version 7.
func (vm *VirtualMachine) isTrackable() bool {
	version, err := strconv.Atoi(strings.TrimPrefix(vm.Config.Version, "vmx-"))
	return err == nil && version >= 7
}

func (vm *VirtualMachine) updateCapability() {
	vm.Capability.ChangeTrackingSupported = types.NewBool(vm.isTrackable())
	vm.Capability.SnapshotOperationsSupported = true
	vm.Capability.MultipleSnapshotsSupported = true
	vm.Capability.QuiescedSnapshotsSupported = true
	vm.Capability.PoweredOffSnapshotsSupported = true
}

// reconfigure is ReconfigVM_Task's work, with what turning change tracking on and off entails.
func (vm *VirtualMachine) reconfigure(spec *types.VirtualMachineConfigSpec) types.BaseMethodFault {
	if isTrue(spec.ChangeTrackingEnabled) && !vm.isTrackable() {
		return new(types.NotSupported)
	}
	config := *vm.Config
	vm.Config = &config
	fault := vm.configure(spec)
	vm.updateCapability()
	if fault != nil || spec.ChangeTrackingEnabled == nil {
		return fault
	}
	if !*spec.ChangeTrackingEnabled {
		vm.endTracking()
	} else if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff {
		vm.beginTracking()
	}
	Map.Update(vm, []types.PropertyChange{
		{Name: "config.changeTrackingEnabled", Val: *spec.ChangeTrackingEnabled},
	})
	return nil
}

// beginTracking puts change tracking into effect if it is asked for and is not yet: a running machine comes here only
// when it is stunned.
func (vm *VirtualMachine) beginTracking() {
	if vm.sim.tracking != nil || !isTrue(vm.Config.ChangeTrackingEnabled) || !vm.isTrackable() {
		return
	}
	vm.resetTracking()
}

// resetTracking begins a new epoch for every disk: the change ids of earlier ones are of no use from now on.
func (vm *VirtualMachine) resetTracking() {
	vm.sim.tracking = make(map[int32]*trackingEpoch)
	vm.markDisks(func(disk *types.VirtualDisk) string {
		epoch := newTrackingEpoch()
		vm.sim.tracking[disk.Key] = epoch
		return epoch.changeID(1)
	})
}

func (vm *VirtualMachine) endTracking() {
	vm.sim.tracking = nil
	vm.markDisks(func(*types.VirtualDisk) string { return "" })
}

// markDisks sets the change id of every live disk that can be tracked.
func (vm *VirtualMachine) markDisks(changeID func(*types.VirtualDisk) string) {
	devices := append([]types.BaseVirtualDevice(nil), vm.Config.Hardware.Device...)
	for i, device := range devices {
		disk, b := flatBacking(device)
		if b == nil || !isFrozenBySnapshots(device) {
			continue
		}
		marked := copyBacking(b)
		marked.ChangeId = changeID(disk)
		devices[i] = withBacking(disk, marked)
	}
	vm.publishDevices(devices)
}

// recordFrozen keeps the content that was just frozen, and gives the change ids for the snapshot and for the live disk.
// The live one names a moment that is still to come: whoever takes it for the snapshot's loses changes, as with a host.
func (vm *VirtualMachine) recordFrozen(key int32, content string) (frozen string, live string, err error) {
	epoch := vm.sim.tracking[key]
	if epoch == nil { // a disk added since
		epoch = newTrackingEpoch()
		vm.sim.tracking[key] = epoch
	}
	epoch.sequence++
	// a link is enough: a file that was frozen is never written again
	if err = os.Link(content, epoch.historyPath(epoch.sequence)); err != nil {
		return "", "", err
	}
	return epoch.changeID(epoch.sequence), epoch.changeID(epoch.sequence + 1), nil
}
