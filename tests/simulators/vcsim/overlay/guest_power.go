package simulator

import (
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// ShutdownGuest asks the guest and returns at once; the machine is off when the guest is through.
func (vm *VirtualMachine) ShutdownGuest(ctx *Context, req *types.ShutdownGuest) soap.HasFault {
	body := new(methods.ShutdownGuestBody)
	if vm.Runtime.PowerState != types.VirtualMachinePowerStatePoweredOn {
		body.Fault_ = Fault("", &types.InvalidPowerState{
			RequestedState: types.VirtualMachinePowerStatePoweredOn,
			ExistingState:  vm.Runtime.PowerState,
		})
		return body
	}
	if vm.Guest.ToolsRunningStatus != string(types.VirtualMachineToolsRunningStatusGuestToolsRunning) {
		body.Fault_ = Fault("Cannot complete operation because VMware Tools is not running in this virtual machine.",
			new(types.ToolsUnavailable))
		return body
	}
	body.Res = new(types.ShutdownGuestResponse)
	if vm.sim.shutdownMs < 0 {
		return body
	}
	time.AfterFunc(time.Duration(vm.sim.shutdownMs)*time.Millisecond, func() {
		Map.WithLock(vm, func() {
			if Map.Get(vm.Self) != nil && vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOn {
				vm.turnOff()
			}
		})
	})
	return body
}

func (vm *VirtualMachine) turnOff() {
	ctx := *internalContext
	ctx.Caller = &vm.Self
	event := vm.event()
	ctx.postEvent(&types.VmGuestShutdownEvent{VmEvent: event}, &types.VmPoweredOffEvent{VmEvent: event})
	vm.afterPower(types.VirtualMachinePowerStatePoweredOff)
	Map.Update(vm, []types.PropertyChange{
		{Name: "runtime.powerState", Val: types.VirtualMachinePowerStatePoweredOff},
		{Name: "summary.runtime.powerState", Val: types.VirtualMachinePowerStatePoweredOff},
	})
}

// afterPower is what follows from another power state: the tools stop with the guest, and a power cycle is a stun.
func (vm *VirtualMachine) afterPower(state types.VirtualMachinePowerState) {
	if state == types.VirtualMachinePowerStatePoweredOff && vm.Guest != nil && vm.Guest.ToolsRunningStatus != "" {
		guest := *vm.Guest
		guest.ToolsRunningStatus = string(types.VirtualMachineToolsRunningStatusGuestToolsNotRunning)
		vm.Guest = &guest
		Map.Update(vm, []types.PropertyChange{{Name: "guest.toolsRunningStatus", Val: guest.ToolsRunningStatus}})
	}
	vm.beginTracking()
}
