package simulator

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// recentTasksKept is how many tasks an entity's recentTask lists.
const recentTasksKept = 5

type taskWork func() (types.AnyType, types.BaseMethodFault)

// background answers with a task at once and does the work afterwards, as a vCenter does; vcsim's own tasks are over
// before the client has their name.
// The caller has the machine's lock, and so has the work when its time comes.
// `id` is the task's descriptionId.
func (vm *VirtualMachine) background(ctx *Context, method string, id string, work taskWork) types.ManagedObjectReference {
	task := vm.newTask(method, id)
	vm.noteTask(task)
	go task.perform(ruleOf(ctx).TaskDelayMs, vm.locked(work))
	return task.Self
}

// backgroundUnlocked is the same for a caller without the machine's lock, who may not wait for it either: it has the
// lock of a snapshot, and those are taken after the machine's.
func (vm *VirtualMachine) backgroundUnlocked(ctx *Context, method string, id string, work taskWork) types.ManagedObjectReference {
	task := vm.newTask(method, id)
	go func() {
		Map.WithLock(vm, func() { vm.noteTask(task) })
		task.perform(ruleOf(ctx).TaskDelayMs, vm.locked(work))
	}()
	return task.Self
}

func (vm *VirtualMachine) newTask(method string, id string) *Task {
	task := CreateTask(vm, method, nil)
	task.Info.DescriptionId = id
	task.Info.EntityName = vm.Name
	task.Info.Cancelable = true
	return task
}

func (vm *VirtualMachine) noteTask(task *Task) {
	recent := append([]types.ManagedObjectReference(nil), vm.RecentTask...)
	if len(recent) >= recentTasksKept {
		recent = recent[1:]
	}
	Map.Update(vm, []types.PropertyChange{{Name: "recentTask", Val: append(recent, task.Self)}})
}

func (vm *VirtualMachine) locked(work taskWork) taskWork {
	return func() (res types.AnyType, fault types.BaseMethodFault) {
		Map.WithLock(vm, func() {
			if Map.Get(vm.Self) == nil {
				fault = &types.ManagedObjectNotFound{Obj: vm.Self}
				return
			}
			res, fault = work()
		})
		return res, fault
	}
}

func (t *Task) update(changes ...types.PropertyChange) {
	Map.WithLock(t, func() { Map.Update(t, changes) })
}

// perform runs a task to its end; it may be cancelled until its work begins.
func (t *Task) perform(delayMs int, work taskWork) {
	t.update(
		types.PropertyChange{Name: "info.startTime", Val: time.Now()},
		types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateRunning},
		types.PropertyChange{Name: "info.progress", Val: int32(0)},
	)
	pause(delayMs)
	cancelled := false
	Map.WithLock(t, func() {
		cancelled = t.Info.Cancelled
		t.Info.Cancelable = false
	})

	var res types.AnyType
	var fault types.BaseMethodFault = new(types.RequestCanceled)
	if !cancelled {
		res, fault = work()
	}
	t.finish(res, fault, "")
}

func (t *Task) finish(res types.AnyType, fault types.BaseMethodFault, message string) {
	state := types.TaskInfoStateSuccess
	var failure interface{}
	if fault != nil {
		state = types.TaskInfoStateError
		if message == "" {
			message = strings.TrimPrefix(fmt.Sprintf("%T", fault), "*types.")
		}
		failure = types.LocalizedMethodFault{Fault: fault, LocalizedMessage: message}
	}
	t.update(
		types.PropertyChange{Name: "info.completeTime", Val: time.Now()},
		types.PropertyChange{Name: "info.result", Val: res},
		types.PropertyChange{Name: "info.error", Val: failure},
		types.PropertyChange{Name: "info.state", Val: state},
	)
}

// CancelTask asks a task to end; as with a vCenter it may come too late, and that is no fault.
func (t *Task) CancelTask(ctx *Context, req *types.CancelTask) soap.HasFault {
	body := new(methods.CancelTaskBody)
	switch {
	case t.Info.State == types.TaskInfoStateSuccess || t.Info.State == types.TaskInfoStateError:
		body.Fault_ = Fault("", &types.InvalidState{})
	case !t.Info.Cancelable:
		body.Fault_ = Fault("", &types.NotSupported{})
	default:
		t.Info.Cancelled = true
		body.Res = new(types.CancelTaskResponse)
	}
	return body
}

// taskAnswers makes the answer of a method out of a task.
var taskAnswers = map[string]func(types.ManagedObjectReference) soap.HasFault{
	"CreateSnapshot_Task": func(t types.ManagedObjectReference) soap.HasFault {
		return &methods.CreateSnapshot_TaskBody{Res: &types.CreateSnapshot_TaskResponse{Returnval: t}}
	},
	"CreateSnapshotEx_Task": func(t types.ManagedObjectReference) soap.HasFault {
		return &methods.CreateSnapshotEx_TaskBody{Res: &types.CreateSnapshotEx_TaskResponse{Returnval: t}}
	},
	"RemoveSnapshot_Task": func(t types.ManagedObjectReference) soap.HasFault {
		return &methods.RemoveSnapshot_TaskBody{Res: &types.RemoveSnapshot_TaskResponse{Returnval: t}}
	},
	"RemoveAllSnapshots_Task": func(t types.ManagedObjectReference) soap.HasFault {
		return &methods.RemoveAllSnapshots_TaskBody{Res: &types.RemoveAllSnapshots_TaskResponse{Returnval: t}}
	},
	"RevertToSnapshot_Task": func(t types.ManagedObjectReference) soap.HasFault {
		return &methods.RevertToSnapshot_TaskBody{Res: &types.RevertToSnapshot_TaskResponse{Returnval: t}}
	},
	"ConsolidateVMDisks_Task": func(t types.ManagedObjectReference) soap.HasFault {
		return &methods.ConsolidateVMDisks_TaskBody{Res: &types.ConsolidateVMDisks_TaskResponse{Returnval: t}}
	},
	"ReconfigVM_Task": func(t types.ManagedObjectReference) soap.HasFault {
		return &methods.ReconfigVM_TaskBody{Res: &types.ReconfigVM_TaskResponse{Returnval: t}}
	},
	"PowerOnVM_Task": func(t types.ManagedObjectReference) soap.HasFault {
		return &methods.PowerOnVM_TaskBody{Res: &types.PowerOnVM_TaskResponse{Returnval: t}}
	},
	"PowerOffVM_Task": func(t types.ManagedObjectReference) soap.HasFault {
		return &methods.PowerOffVM_TaskBody{Res: &types.PowerOffVM_TaskResponse{Returnval: t}}
	},
}

// failedTask is a task that ends with a fault without having done anything.
func failedTask(obj mo.Reference, method string, fault types.BaseMethodFault, message string, delayMs int) soap.HasFault {
	name := strings.TrimSuffix(lcFirst(method), vTaskSuffix) + sTaskSuffix
	task := CreateTask(obj, name, nil)
	go func() {
		task.update(types.PropertyChange{Name: "info.state", Val: types.TaskInfoStateRunning})
		pause(delayMs)
		task.finish(nil, fault, message)
	}()
	return taskAnswers[method](task.Self)
}

func pause(ms int) {
	time.Sleep(time.Duration(ms) * time.Millisecond)
}

type ruleKey struct{}

// withRule carries what a rule says to where the work is done.
func withRule(ctx *Context, rule *faultRule) *Context {
	c := *ctx
	c.Context = context.WithValue(ctx.Context, ruleKey{}, rule)
	return &c
}

func ruleOf(ctx *Context) faultRule {
	if rule, ok := ctx.Context.Value(ruleKey{}).(*faultRule); ok {
		return *rule
	}
	return faultRule{}
}
