"""What the client needs of vim25: generate-vim25.py adds all that these name in turn."""

METHODS = """
    RetrieveServiceContent CurrentTime
    Login Logout SessionIsActive
    CreateContainerView DestroyView
    RetrievePropertiesEx ContinueRetrievePropertiesEx CancelRetrievePropertiesEx
    CreatePropertyCollector CreateFilter WaitForUpdatesEx CancelWaitForUpdates DestroyPropertyCollector
    ReconfigVM_Task PowerOnVM_Task PowerOffVM_Task ShutdownGuest
    CreateSnapshot_Task CreateSnapshotEx_Task RemoveSnapshot_Task RemoveAllSnapshots_Task
    ConsolidateVMDisks_Task QueryChangedDiskAreas
    FindByUuid FindByInventoryPath
    HasPrivilegeOnEntity HasPrivilegeOnEntities FetchUserPrivilegeOnEntities
    CancelTask
""".split()

# the subtypes of these come as a value where only the root is declared
POLYMORPHIC = """
    VirtualDevice VirtualDeviceBackingInfo DatastoreInfo SelectionSpec NetworkSummary ComputeResourceSummary
    DVPortSetting VmwareDistributedVirtualSwitchVlanSpec TaskReason VirtualMachineGuestQuiesceSpec
    RuntimeFault FileFault InvalidState SnapshotFault InvalidLogin ResourceInUse Timedout TaskInProgress
    InvalidDatastore InsufficientResourcesFault
""".split()

# further faults that mean something to a caller; any other is decoded as a MethodFault that keeps its name
FAULTS = """
    InvalidProperty InvalidCollectorVersion ToolsUnavailable NotFound AlreadyExists DuplicateName InvalidName
    ConcurrentAccess LimitExceeded ResourceNotAvailable NoDiskFound OutOfBounds InvalidLocale NoClientCertificate
    InvalidPrivilege VmConfigFault GenericVmConfigFault InvalidVmConfig CannotAccessVmComponent CannotAccessVmDisk
    VirtualHardwareCompatibilityIssue VirtualHardwareVersionNotSupported UserNotFound MigrationFault
    HostConnectFault UnsupportedVimApiVersion
""".split()

# managed objects and those of their properties that may be read: a whole HostConfigInfo would double the schema
MANAGED = {
    name: properties.split()
    for name, properties in {
        'ServiceInstance': 'serverClock capability content',
        'SessionManager': 'currentSession defaultLocale',
        'PropertyCollector': 'filter',
        'PropertyFilter': 'spec partialUpdates',
        'ViewManager': 'viewList',
        'View': '',
        'ManagedObjectView': 'view',
        'ContainerView': 'container type recursive',
        'SearchIndex': '',
        'AuthorizationManager': 'privilegeList roleList',
        'ExtensibleManagedObject': 'value',
        'ManagedEntity': 'parent customValue overallStatus configStatus effectiveRole name disabledMethod'
        ' recentTask alarmActionsEnabled tag',
        'VirtualMachine': 'capability config layout layoutEx storage environmentBrowser resourcePool parentVApp'
        ' resourceConfig runtime guest summary datastore network snapshot rootSnapshot guestHeartbeatStatus',
        'VirtualMachineSnapshot': 'config childSnapshot vm',
        'HostSystem': 'runtime summary vm datastore network datastoreBrowser',
        'Datastore': 'info summary host vm browser capability',
        'Datacenter': 'vmFolder hostFolder datastoreFolder networkFolder datastore network',
        'Folder': 'childType childEntity',
        'StoragePod': 'summary',
        'ComputeResource': 'resourcePool host datastore network summary environmentBrowser',
        'ClusterComputeResource': '',
        'ResourcePool': 'owner resourcePool vm',
        'VirtualApp': 'parentFolder datastore network',
        'Network': 'summary host vm',
        'DistributedVirtualPortgroup': 'key config portKeys',
        'OpaqueNetwork': 'capability extraConfig',
        'DistributedVirtualSwitch': 'uuid summary portgroup',
        'VmwareDistributedVirtualSwitch': '',
        'Task': 'info',
    }.items()
}
