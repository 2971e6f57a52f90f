#!/bin/busybox sh
# PID 1 of the test guest: modules, the writer, power off.
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
exec </dev/console >/dev/console 2>&1
echo ossea-boot
while read -r module; do
  /bin/busybox insmod "/modules/$module" || echo "ossea-fail module $module"
done </modules/order
/bin/writer
/bin/busybox sync
/bin/busybox poweroff -f
