package simulator

import (
	"os"
	"strconv"
	"sync/atomic"
)

// Names of what the model makes; odd ones show whether a client encodes names as a real host wants them.
var (
	datastorePrefix  = envOr("VCSIM_DATASTORE_PREFIX", "LocalDS_")
	datacenterPrefix = envOr("VCSIM_DATACENTER_PREFIX", "DC")
)

// maxAreas is how many areas one answer of QueryChangedDiskAreas holds at most; a real host gives about 2000.
var maxAreas = int64(2000)

func init() {
	if n, err := strconv.ParseInt(os.Getenv("VCSIM_CBT_MAX_AREAS"), 10, 64); err == nil && n > 0 {
		atomic.StoreInt64(&maxAreas, n)
	}
}

func envOr(name string, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
