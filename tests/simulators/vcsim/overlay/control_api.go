package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/vmware/govmomi/vim25/mo"
)

// The control API is how a test plays the parts that are no client's: the guest, the operator, and bad luck.
// It listens on its own address, on the loopback, and is for tests only.

type controlHandler func(r *http.Request) (interface{}, error)

// StartControl serves the control API and gives its address.
func StartControl(s *Service) (string, error) {
	listener, err := net.Listen("tcp", envOr("VCSIM_CONTROL", "127.0.0.1:0"))
	if err != nil {
		return "", err
	}
	mux := http.NewServeMux()
	for route, handler := range s.controlRoutes() {
		cut := strings.Index(route, " ")
		serve(mux, route[:cut], route[cut+1:], handler)
	}
	go func() { _ = http.Serve(listener, methodMux{mux}) }()
	return "http://" + listener.Addr().String(), nil
}

func (s *Service) controlRoutes() map[string]controlHandler {
	return map[string]controlHandler{
		"GET /sessions":         func(*http.Request) (interface{}, error) { return s.sm.count(), nil },
		"POST /sessions/expire": func(*http.Request) (interface{}, error) { return s.sm.expireAll(), nil },
		"POST /faults":          controlAddRule,
		"DELETE /faults":        func(*http.Request) (interface{}, error) { clearRules(); return nil, nil },
		"GET /calls":            func(*http.Request) (interface{}, error) { return calls.get(), nil },
		"DELETE /calls":         func(*http.Request) (interface{}, error) { calls.clear(); return nil, nil },
		"POST /privileges/deny": controlDeny,
		"POST /cbt/max-areas":   controlMaxAreas,
		"POST /guest/write":     controlGuestWrite,
		"GET /guest/read":       controlGuestRead,
		"POST /guest/shutdown":  controlShutdown,
		"POST /disk":            controlAddDisk,
		"POST /disk/grow":       controlGrowDisk,
		"POST /disk/remove":     controlRemoveDisk,
		"POST /device":          controlAddDevice,
		"GET /vm":               controlShow,
		"POST /vm/destroy":      controlDestroy,
		"POST /vm/snapshot":     controlSnapshot,
		"POST /merge":           controlMerge,
		"POST /tracking/reset":  controlResetTracking,
	}
}

// methodMux tells requests apart by method as well: two routes may share a path.
type methodMux struct{ mux *http.ServeMux }

func (m methodMux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.URL.Path = "/" + r.Method + r.URL.Path
	m.mux.ServeHTTP(w, r)
}

func serve(mux *http.ServeMux, method string, path string, handler controlHandler) {
	mux.HandleFunc("/"+method+path, func(w http.ResponseWriter, r *http.Request) {
		answer, err := handler(r)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			answer = map[string]string{"error": err.Error()}
		}
		if content, ok := answer.([]byte); ok {
			_, _ = w.Write(content)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer)
	})
}

func controlAddRule(r *http.Request) (interface{}, error) {
	rule := new(faultRule)
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields() // a misspelt rule that never applies would let a test pass for nothing
	if err := decoder.Decode(rule); err != nil {
		return nil, err
	}
	return nil, addRule(rule)
}

func controlDeny(r *http.Request) (interface{}, error) {
	var body struct{ Ids []string }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	denyPrivileges(body.Ids)
	return nil, nil
}

func controlMaxAreas(r *http.Request) (interface{}, error) {
	n, err := number(r, "n")
	if err == nil && n < 1 {
		err = fmt.Errorf("n: expected 1 or more")
	}
	if err == nil {
		atomic.StoreInt64(&maxAreas, n)
	}
	return nil, err
}

func number(r *http.Request, name string) (int64, error) {
	n, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: expected a number", name)
	}
	return n, nil
}

func body(r *http.Request) ([]byte, error) {
	return io.ReadAll(r.Body)
}

// onVM runs what a control call does to a machine, with its lock: during a stun it waits.
func onVM(r *http.Request, run func(*VirtualMachine) error) error {
	obj, err := named("VirtualMachine", r.URL.Query().Get("vm"))
	if err != nil {
		return err
	}
	vm := obj.(*VirtualMachine)
	Map.WithLock(vm, func() { err = run(vm) })
	return err
}

// named finds an entity by its name or moref.
func named(kind string, name string) (mo.Entity, error) {
	for _, e := range Map.All(kind) {
		if entityName(e) == name || e.Reference().Value == name {
			return e, nil
		}
	}
	return nil, fmt.Errorf("there is no %s %q", kind, name)
}

func (m *SessionManager) count() int {
	sessionMutex.Lock()
	defer sessionMutex.Unlock()
	return len(m.sessions)
}

// expireAll ends every session, as idling or a restart of the server does, and gives how many there were.
func (m *SessionManager) expireAll() int {
	sessionMutex.Lock()
	ended := m.sessions
	m.sessions = make(map[string]Session)
	sessionMutex.Unlock()

	for _, session := range ended {
		session.Registry.m.Lock()
		var objects []mo.Reference
		for _, obj := range session.Registry.objects {
			objects = append(objects, obj)
		}
		session.Registry.m.Unlock()
		for _, obj := range objects {
			if pc, ok := obj.(*PropertyCollector); ok {
				pc.mu.Lock()
				if pc.cancel != nil {
					pc.cancel()
				}
				pc.mu.Unlock()
			}
			if handler, ok := obj.(RegisterObject); ok {
				Map.RemoveHandler(handler)
			}
		}
	}
	dropRetrievals()
	return len(ended)
}
