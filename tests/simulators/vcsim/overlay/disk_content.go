package simulator

import (
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"github.com/vmware/govmomi/vim25/types"
)

// Whence values of lseek that the os package has no names for.
const (
	seekData = 3
	seekHole = 4
)

var deltaSuffix = regexp.MustCompile(`-\d{6}\.vmdk$`)

// contentName gives the file that holds the bytes of a disk, from the name of its descriptor.
// A delta holds the whole content here, not the differences only: that keeps every link of a chain readable alone.
func contentName(name string) string {
	if deltaSuffix.MatchString(name) {
		return strings.TrimSuffix(name, ".vmdk") + "-delta.vmdk"
	}
	return strings.TrimSuffix(name, ".vmdk") + "-flat.vmdk"
}

// diskPath gives where a `[datastore] path` lies on this machine; empty when there is no such datastore.
func (vm *VirtualMachine) diskPath(name string) string {
	p, fault := parseDatastorePath(name)
	if fault != nil || vm.Runtime.Host == nil {
		return ""
	}
	host := Map.Get(*vm.Runtime.Host).(*HostSystem)
	ds, ok := Map.FindByName(p.Datastore, host.Datastore).(*Datastore)
	if !ok {
		return ""
	}
	return path.Join(ds.Info.GetDatastoreInfo().Url, p.Path)
}

func (vm *VirtualMachine) contentPath(name string) string {
	return contentName(vm.diskPath(name))
}

func flatBacking(device types.BaseVirtualDevice) (*types.VirtualDisk, *types.VirtualDiskFlatVer2BackingInfo) {
	disk, ok := device.(*types.VirtualDisk)
	if !ok {
		return nil, nil
	}
	backing, _ := disk.Backing.(*types.VirtualDiskFlatVer2BackingInfo)
	return disk, backing
}

// makeContent gives a disk that is being added what a real one has: bytes of its capacity, and its identities.
func (vm *VirtualMachine) makeContent(disk *types.VirtualDisk) {
	_, backing := flatBacking(disk)
	if backing == nil {
		return
	}
	if disk.CapacityInBytes == 0 {
		disk.CapacityInBytes = disk.CapacityInKB * 1024
	}
	if backing.DiskMode == "" {
		backing.DiskMode = string(types.VirtualDiskModePersistent)
	}
	if backing.Uuid == "" {
		backing.Uuid = uuid.NewString()
	}
	if disk.DiskObjectId == "" {
		disk.DiskObjectId = fmt.Sprintf("%s-%d", strings.TrimPrefix(vm.Self.Value, "vm-"), disk.Key)
	}
	content := vm.contentPath(backing.FileName)
	if info, err := os.Stat(content); err == nil && info.Size() < disk.CapacityInBytes {
		_ = os.Truncate(content, disk.CapacityInBytes)
	}
}

// copySparse copies a file with its holes; it makes the target new.
func copySparse(from string, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0600)
	if err != nil {
		return err
	}
	defer dst.Close()
	if err = dst.Truncate(info.Size()); err != nil {
		return err
	}
	for off := nextData(src, 0, info.Size()); off < info.Size(); off = nextData(src, off, info.Size()) {
		end, err := src.Seek(off, seekHole)
		if err != nil {
			return err
		}
		for _, f := range []*os.File{src, dst} {
			if _, err = f.Seek(off, io.SeekStart); err != nil {
				return err
			}
		}
		if _, err = io.CopyN(dst, src, end-off); err != nil {
			return err
		}
		off = end
	}
	return nil
}

// nextData gives the first offset from `off` on where the file has data, or `size` when there is none.
func nextData(f *os.File, off int64, size int64) int64 {
	if f == nil || off >= size {
		return size
	}
	next, err := f.Seek(off, seekData)
	if err != nil || next > size { // ENXIO: only a hole is left
		return size
	}
	return next
}
