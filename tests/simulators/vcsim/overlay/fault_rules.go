package simulator

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

// faultRule says what goes wrong with the calls of a method.
type faultRule struct {
	// Method is a SOAP method, or `folder` for the datastore's files
	Method string `json:"method"`
	// Fault is the name of a vim25 fault, or HTTP503 and the like
	Fault   string          `json:"fault"`
	Message string          `json:"message"`
	Fields  json.RawMessage `json:"fields"`
	// Times is how often the rule applies; 1 when it is left out, without end when below 0
	Times *int `json:"times"`
	// Skip is how many calls go well before
	Skip int `json:"skip"`
	// AsTaskError lets the call go well and its task end with the fault
	AsTaskError  bool `json:"asTaskError"`
	OnlyQuiesced bool `json:"onlyQuiesced"`
	// VM restricts the rule to a machine and its snapshots, by name or moref
	VM string `json:"vm"`
	// Drop closes the connection: `before` anything is done, or `after` everything is
	Drop string `json:"drop"`
	// AfterBytes is how much of a file is sent before the connection is dropped
	AfterBytes int64 `json:"afterBytes"`
	DelayMs    int   `json:"delayMs"`
	// TaskDelayMs keeps a task running that long before it does its work
	TaskDelayMs int `json:"taskDelayMs"`
	// LeaveChain lets the removal of a snapshot leave the disks' chains behind, to be consolidated
	LeaveChain bool `json:"leaveChain"`
}

var rules struct {
	sync.Mutex
	list []*faultRule
}

func addRule(rule *faultRule) error {
	if rule.Method == "" {
		return fmt.Errorf("method is missing")
	}
	if _, isHTTP := rule.status(); rule.Fault != "" && !isHTTP {
		if _, err := rule.fault(); err != nil {
			return err
		}
		if rule.AsTaskError && taskAnswers[rule.Method] == nil {
			return fmt.Errorf("%s cannot end with a task error here", rule.Method)
		}
	}
	rules.Lock()
	rules.list = append(rules.list, rule)
	rules.Unlock()
	return nil
}

func clearRules() {
	rules.Lock()
	rules.list = nil
	rules.Unlock()
}

// takeRule gives the rule that applies to a call, and uses it up by one.
func takeRule(name string, method *Method) *faultRule {
	rules.Lock()
	defer rules.Unlock()
	for _, rule := range rules.list {
		if rule.Method != name || (rule.Times != nil && *rule.Times == 0) || !rule.isFor(method) {
			continue
		}
		if rule.Skip > 0 {
			rule.Skip--
			return nil
		}
		left := 0
		if rule.Times != nil {
			left = *rule.Times - 1
		}
		if rule.Times == nil || *rule.Times > 0 {
			rule.Times = &left
		}
		return rule
	}
	return nil
}

func (r *faultRule) isFor(method *Method) bool {
	if method == nil {
		return r.VM == "" && !r.OnlyQuiesced
	}
	if r.OnlyQuiesced {
		if req, ok := method.Body.(*types.CreateSnapshot_Task); !ok || !req.Quiesce {
			return false
		}
	}
	if r.VM == "" {
		return true
	}
	obj := Map.Get(method.This)
	if snapshot, ok := obj.(*VirtualMachineSnapshot); ok {
		obj = Map.Get(snapshot.Vm)
	}
	vm, ok := obj.(*VirtualMachine)
	return ok && (vm.Name == r.VM || vm.Self.Value == r.VM)
}

// status gives the status of a rule like HTTP503.
func (r *faultRule) status() (int, bool) {
	status, err := strconv.Atoi(strings.TrimPrefix(r.Fault, "HTTP"))
	return status, err == nil && strings.HasPrefix(r.Fault, "HTTP")
}

func (r *faultRule) fault() (types.BaseMethodFault, error) {
	kind, ok := vim25MapType(r.Fault)
	if !ok {
		return nil, fmt.Errorf("there is no fault %q", r.Fault)
	}
	val := reflect.New(kind).Interface()
	if len(r.Fields) > 0 {
		if err := json.Unmarshal(r.Fields, val); err != nil {
			return nil, err
		}
	}
	fault, ok := val.(types.BaseMethodFault)
	if !ok {
		return nil, fmt.Errorf("%q is no fault", r.Fault)
	}
	return fault, nil
}

// failTaskOf gives the object whose task fails: a snapshot's tasks are its machine's.
func failTaskOf(ref types.ManagedObjectReference) mo.Reference {
	if snapshot, ok := Map.Get(ref).(*VirtualMachineSnapshot); ok {
		return snapshot.Vm
	}
	return ref
}
