package simulator

import (
	"reflect"
	"strings"
	"sync"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// moreKinds are managed object types that `kinds` does not have, or has as base types only.
var moreKinds = map[string]reflect.Type{
	"ContainerView":          reflect.TypeOf(mo.ContainerView{}),
	"ComputeResource":        reflect.TypeOf(mo.ComputeResource{}),
	"ManagedEntity":          reflect.TypeOf(mo.ManagedEntity{}),
	"Network":                reflect.TypeOf(mo.Network{}),
	"OpaqueNetwork":          reflect.TypeOf(mo.OpaqueNetwork{}),
	"ServiceInstance":        reflect.TypeOf(mo.ServiceInstance{}),
	"Task":                   reflect.TypeOf(mo.Task{}),
	"VirtualMachineSnapshot": reflect.TypeOf(mo.VirtualMachineSnapshot{}),
}

var knownPaths sync.Map

// unknownProperty gives the fault of a real server for a path that the type does not have.
func unknownProperty(specs ...types.PropertyFilterSpec) types.BaseMethodFault {
	for _, spec := range specs {
		for _, set := range spec.PropSet {
			kind, ok := moreKinds[set.Type]
			if !ok {
				kind, ok = kinds[set.Type]
			}
			if !ok {
				continue
			}
			for _, path := range set.PathSet {
				if !hasPath(kind, path) {
					return &types.InvalidProperty{Name: path}
				}
			}
		}
	}
	return nil
}

func hasPath(kind reflect.Type, path string) bool {
	key := kind.String() + " " + path
	if known, ok := knownPaths.Load(key); ok {
		return known.(bool)
	}
	known := walkPath(kind, path)
	knownPaths.Store(key, known)
	return known
}

func walkPath(kind reflect.Type, path string) bool {
	for _, name := range strings.Split(path, ".") {
		for kind.Kind() == reflect.Ptr {
			kind = kind.Elem()
		}
		if kind.Kind() == reflect.Interface { // what lies there is known with the object only
			return true
		}
		if name == "" || kind.Kind() != reflect.Struct {
			return false
		}
		field, ok := kind.FieldByName(ucFirst(name))
		if !ok {
			return false
		}
		kind = field.Type
	}
	return true
}
