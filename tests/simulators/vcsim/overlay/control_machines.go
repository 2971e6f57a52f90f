package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

func controlShow(r *http.Request) (interface{}, error) {
	view := map[string]interface{}{}
	err := onVM(r, func(vm *VirtualMachine) error {
		disks := []diskView{}
		for _, device := range vm.Config.Hardware.Device {
			if disk, b := flatBacking(device); b != nil {
				disks = append(disks, vm.viewDisk(disk, b))
			}
		}
		view["moref"] = vm.Self.Value
		view["powerState"] = vm.Runtime.PowerState
		view["snapshots"] = len(vm.snapshots())
		view["disks"] = disks
		return nil
	})
	return view, err
}

// controlMerge merges JSON into the properties of an entity, and tells whoever watches them.
func controlMerge(r *http.Request) (interface{}, error) {
	content, err := body(r)
	if err != nil {
		return nil, err
	}
	obj, err := named(r.URL.Query().Get("type"), r.URL.Query().Get("name"))
	if err != nil {
		return nil, err
	}
	var fields map[string]interface{}
	if err = json.Unmarshal(content, &fields); err != nil {
		return nil, err
	}
	paths := leafPaths("", fields)
	kind := getManagedObject(obj).Type()
	for _, path := range paths {
		if !walkPath(kind, path) {
			return nil, fmt.Errorf("%s has no property %q", kind.Name(), path)
		}
	}
	Map.WithLock(obj, func() { err = merge(obj, content, paths) })
	return nil, err
}

func merge(obj mo.Entity, content []byte, paths []string) error {
	rval := getManagedObject(obj)
	// an answer may still be written out of what the pointers lead to
	for i := 0; i < rval.NumField(); i++ {
		field := rval.Field(i)
		if field.Kind() == reflect.Ptr && !field.IsNil() && field.Elem().Kind() == reflect.Struct {
			fresh := reflect.New(field.Elem().Type())
			fresh.Elem().Set(field.Elem())
			field.Set(fresh)
		}
	}
	if err := json.Unmarshal(content, rval.Addr().Interface()); err != nil {
		return err
	}
	if vm, ok := obj.(*VirtualMachine); ok {
		vm.updateCapability()
	}
	var changes []types.PropertyChange
	for _, path := range paths {
		val, _ := fieldValue(rval, path)
		changes = append(changes, types.PropertyChange{Name: path, Op: types.PropertyChangeOpAssign, Val: val})
	}
	target := rval.Addr().Interface().(mo.Reference)
	Map.applyHandlers(func(handler RegisterObject) { handler.UpdateObject(target, changes) })
	return nil
}

// leafPaths lists the property paths that a JSON document sets.
func leafPaths(prefix string, fields map[string]interface{}) []string {
	var paths []string
	for name, value := range fields {
		if nested, ok := value.(map[string]interface{}); ok {
			paths = append(paths, leafPaths(prefix+name+".", nested)...)
		} else {
			paths = append(paths, prefix+name)
		}
	}
	return paths
}

// controlDestroy makes a machine vanish, whatever its state.
func controlDestroy(r *http.Request) (interface{}, error) {
	return nil, onVM(r, func(vm *VirtualMachine) error {
		ctx := *internalContext
		ctx.Caller = &vm.Self
		ctx.Map = Map // it was made with another one
		snapshots := vm.snapshots()
		vm.Runtime.PowerState = types.VirtualMachinePowerStatePoweredOff
		answer := vm.DestroyTask(&ctx, &types.Destroy_Task{This: vm.Self})
		for ref := range snapshots {
			Map.Remove(ref)
		}
		if Map.Get(vm.Self) != nil {
			return fmt.Errorf("%s is still there: %s", vm.Name, taskError(answer))
		}
		return nil
	})
}

// controlSnapshot takes a snapshot that is none of the client's.
func controlSnapshot(r *http.Request) (interface{}, error) {
	var ref string
	err := onVM(r, func(vm *VirtualMachine) error {
		res, fault := vm.takeSnapshot(r.URL.Query().Get("name"), "", false)
		if fault == nil {
			ref = res.(types.ManagedObjectReference).Value
		}
		return faultError(fault)
	})
	return ref, err
}

func controlResetTracking(r *http.Request) (interface{}, error) {
	return nil, onVM(r, func(vm *VirtualMachine) error {
		if vm.sim.tracking == nil {
			return fmt.Errorf("change tracking is not in effect on %s", vm.Name)
		}
		vm.resetTracking()
		return nil
	})
}

// taskError says how the task of an answer has failed.
func taskError(answer interface{}) string {
	if body, ok := answer.(*methods.Destroy_TaskBody); ok && body.Res != nil {
		if task, ok := Map.Get(body.Res.Returnval).(*Task); ok && task.Info.Error != nil {
			return fmt.Sprintf("%T %+v", task.Info.Error.Fault, task.Info.Error.Fault)
		}
	}
	return "no task"
}
