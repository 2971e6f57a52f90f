package simulator

import (
	"net/http"
	"sync"

	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// callCounts counts the calls that clients make, by method.
type callCounts struct {
	sync.Mutex
	byMethod map[string]int
}

var calls = &callCounts{byMethod: make(map[string]int)}

func (c *callCounts) count(name string) {
	c.Lock()
	c.byMethod[name]++
	c.Unlock()
}

func (c *callCounts) clear() {
	c.Lock()
	c.byMethod = make(map[string]int)
	c.Unlock()
}

func (c *callCounts) get() map[string]int {
	c.Lock()
	defer c.Unlock()
	copied := make(map[string]int, len(c.byMethod))
	for name, n := range c.byMethod {
		copied[name] = n
	}
	return copied
}

// intercept is between a client's call and the method. It gives nil when the answer is already written.
func (s *Service) intercept(ctx *Context, method *Method) soap.HasFault {
	calls.count(method.Name)
	rule := takeRule(method.Name, method)
	if rule == nil {
		return s.authorized(ctx, method)
	}
	pause(rule.DelayMs)
	if rule.Drop == "before" {
		panic(http.ErrAbortHandler) // closes the connection, and says nothing
	}
	if status, isHTTP := rule.status(); isHTTP {
		ctx.res.WriteHeader(status)
		return nil
	}
	if rule.Fault != "" {
		fault, _ := rule.fault()
		if rule.AsTaskError {
			return failedTask(failTaskOf(method.This), method.Name, fault, rule.Message, rule.TaskDelayMs)
		}
		return &serverFaultBody{Reason: Fault(rule.Message, fault)}
	}
	res := s.authorized(withRule(ctx, rule), method)
	if rule.Drop == "after" {
		panic(http.ErrAbortHandler)
	}
	return res
}

func (s *Service) authorized(ctx *Context, method *Method) soap.HasFault {
	if ctx.Session == nil {
		return s.call(ctx, method)
	}
	if fault := missingPrivilege(method); fault != nil {
		return fault
	}
	res := s.call(ctx, method)
	if method.Name == "WaitForUpdatesEx" {
		if _, ok := s.sm.getSession(ctx.Session.Key); !ok { // it ended during the wait
			fault := &types.NotAuthenticated{NoPermission: types.NoPermission{
				Object: method.This, PrivilegeId: "System.View",
			}}
			return &serverFaultBody{Reason: Fault("The session is not authenticated.", fault)}
		}
	}
	return res
}

// interceptFolder does the same for the datastore's files. It gives nil when the answer is already written.
func interceptFolder(w http.ResponseWriter) http.ResponseWriter {
	rule := takeRule("folder", nil)
	if rule == nil {
		return w
	}
	pause(rule.DelayMs)
	if status, isHTTP := rule.status(); isHTTP {
		w.WriteHeader(status)
		return nil
	}
	switch rule.Drop {
	case "before":
		panic(http.ErrAbortHandler)
	case "after":
		return &breakingWriter{w, rule.AfterBytes}
	}
	return w
}

// breakingWriter breaks the connection off in the middle of a file.
type breakingWriter struct {
	http.ResponseWriter
	left int64
}

func (b *breakingWriter) Write(p []byte) (int, error) {
	if int64(len(p)) <= b.left {
		b.left -= int64(len(p))
		return b.ResponseWriter.Write(p)
	}
	_, _ = b.ResponseWriter.Write(p[:b.left])
	if f, ok := b.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
	panic(http.ErrAbortHandler)
}
