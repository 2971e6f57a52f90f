package simulator

import (
	"sync"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// retrieval is what is left of an answer that was given in part.
type retrieval struct {
	session string
	objects []types.ObjectContent
	max     int
}

var retrievals = struct {
	sync.Mutex
	byToken map[string]retrieval
}{byToken: make(map[string]retrieval)}

func (pc *PropertyCollector) RetrievePropertiesEx(ctx *Context, req *types.RetrievePropertiesEx) soap.HasFault {
	if fault := unknownProperty(req.SpecSet...); fault != nil {
		return &methods.RetrievePropertiesExBody{Fault_: Fault("", fault)}
	}
	body := pc.retrieveAll(ctx, req).(*methods.RetrievePropertiesExBody)
	if body.Res == nil {
		return body
	}
	if len(body.Res.Returnval.Objects) == 0 {
		body.Res.Returnval = nil // as a real server answers when there is nothing
		return body
	}
	session := ""
	if ctx.Session != nil {
		session = ctx.Session.Key
	}
	max := int(req.Options.MaxObjects)
	if max > 0 {
		body.Res.Returnval = retrieval{session, body.Res.Returnval.Objects, max}.page()
	}
	return body
}

// page gives the next part, with a token when there is more.
func (r retrieval) page() *types.RetrieveResult {
	if len(r.objects) <= r.max {
		return &types.RetrieveResult{Objects: r.objects}
	}
	token := uuid.NewString()
	rest := r
	rest.objects = r.objects[r.max:]
	retrievals.Lock()
	retrievals.byToken[token] = rest
	retrievals.Unlock()
	return &types.RetrieveResult{Token: token, Objects: r.objects[:r.max]}
}

// takeRetrieval takes what a token stands for: it is good once, and in its own session only.
func takeRetrieval(ctx *Context, token string) (retrieval, bool) {
	retrievals.Lock()
	defer retrievals.Unlock()
	r, ok := retrievals.byToken[token]
	if !ok || r.session != ctx.Session.Key {
		return r, false
	}
	delete(retrievals.byToken, token)
	return r, true
}

func (pc *PropertyCollector) ContinueRetrievePropertiesEx(ctx *Context, req *types.ContinueRetrievePropertiesEx) soap.HasFault {
	body := new(methods.ContinueRetrievePropertiesExBody)
	r, ok := takeRetrieval(ctx, req.Token)
	if !ok {
		body.Fault_ = invalidArgument("token")
		return body
	}
	body.Res = &types.ContinueRetrievePropertiesExResponse{Returnval: *r.page()}
	return body
}

func (pc *PropertyCollector) CancelRetrievePropertiesEx(ctx *Context, req *types.CancelRetrievePropertiesEx) soap.HasFault {
	body := new(methods.CancelRetrievePropertiesExBody)
	if _, ok := takeRetrieval(ctx, req.Token); !ok {
		body.Fault_ = invalidArgument("token")
		return body
	}
	body.Res = new(types.CancelRetrievePropertiesExResponse)
	return body
}

// dropRetrievals forgets what was left for sessions that are gone.
func dropRetrievals() {
	retrievals.Lock()
	defer retrievals.Unlock()
	retrievals.byToken = make(map[string]retrieval)
}
