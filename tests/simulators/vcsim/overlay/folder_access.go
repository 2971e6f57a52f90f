package simulator

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// serveFolder is `/folder` with what a real server asks of a client: a live session, names that are encoded twice, and
// no disk that a running machine writes.
func (s *Service) serveFolder(w http.ResponseWriter, r *http.Request) {
	calls.count("folder")
	if w = interceptFolder(w); w == nil {
		return
	}
	cookie, err := r.Cookie(soap.SessionCookieName)
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if _, ok := s.sm.getSession(cookie.Value); !ok {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if !isGranted("Datastore.Browse") || !isGranted("Datastore.FileManagement") {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	ds := namedDatastore(r.URL.Query())
	if ds == nil {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	root := ds.Info.GetDatastoreInfo().Url
	if ds.isLocked(strings.TrimPrefix(path.Clean(r.URL.Path), path.Clean(folderPrefix)+"/"), root) {
		http.Error(w, "Unable to open the file: it is locked", http.StatusInternalServerError)
		return
	}
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		http.StripPrefix(path.Clean(folderPrefix), http.FileServer(http.Dir(root))).ServeHTTP(w, r)
		return
	}
	// vcsim looks the datastore up itself, with the names encoded once
	query := url.Values{"dsName": {ds.Name}}
	if dc := Map.getEntityDatacenter(ds); dc != nil {
		query.Set("dcPath", dc.Name)
	}
	r.URL.RawQuery = query.Encode()
	s.ServeDatastore(w, r)
}

// secondDecoding undoes what is left of a double encoding. A name that was encoded once only and has a character that
// needs it is another name then, or none.
func secondDecoding(value string) (string, bool) {
	if strings.ContainsAny(value, " \"<>#?&=;") {
		return "", false
	}
	decoded, err := url.QueryUnescape(value)
	return decoded, err == nil
}

func namedDatastore(query url.Values) *Datastore {
	dcPath, ok := secondDecoding(query.Get("dcPath"))
	if !ok {
		return nil
	}
	dsName, ok := secondDecoding(query.Get("dsName"))
	if !ok {
		return nil
	}
	all := Map.All("Datacenter")
	for _, entity := range all {
		dc := entity.(*Datacenter)
		if inventoryPath(dc) != strings.Trim(dcPath, "/") && !(dcPath == "" && len(all) == 1) {
			continue
		}
		if ds, ok := Map.FindByName(dsName, dc.Datastore).(*Datastore); ok {
			return ds
		}
	}
	return nil
}

// inventoryPath is the path of names below the root folder.
func inventoryPath(e mo.Entity) string {
	var names []string
	for e != nil && e.Entity().Parent != nil {
		names = append([]string{entityName(e)}, names...)
		e, _ = Map.Get(*e.Entity().Parent).(mo.Entity)
	}
	return strings.Join(names, "/")
}

// isLocked tells whether a running machine has the file open for writing.
func (ds *Datastore) isLocked(file string, root string) bool {
	if !strings.HasSuffix(file, "-flat.vmdk") && !strings.HasSuffix(file, "-delta.vmdk") {
		return false
	}
	dir := "[" + ds.Name + "] " + path.Dir(file) + "/"
	locked := false
	for _, entity := range Map.All("VirtualMachine") {
		vm, ok := entity.(*VirtualMachine)
		if !ok || !strings.HasPrefix(vm.Config.Files.VmPathName, dir) {
			continue
		}
		Map.WithLock(vm, func() {
			if vm.Runtime.PowerState == types.VirtualMachinePowerStatePoweredOff {
				return
			}
			for _, device := range vm.Config.Hardware.Device {
				_, b := flatBacking(device)
				locked = locked || (b != nil && vm.contentPath(b.FileName) == path.Join(root, file))
			}
		})
	}
	return locked
}
