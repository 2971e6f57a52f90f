// Made by generate-vim25.py from the tables of pyvmomi 8.0.3.0.1 (Apache-2.0; see NOTICE). Not to be edited.

import type { ManagedObjectReference as MoRef } from '../references.js';

export interface AboutInfo extends DynamicData { name: string; fullName: string; vendor: string; version: string; patchLevel?: string; build: string; localeVersion?: string; localeBuild?: string; osType: string; productLineId: string; apiType: string; apiVersion: string; instanceUuid?: string; licenseProductName?: string; licenseProductVersion?: string }
export interface AlreadyExists extends VimFault { name?: string }
export interface ApplicationQuiesceFault extends SnapshotFault {}
export type ArrayUpdateOperation = 'add' | 'remove' | 'edit';
export interface ArrayUpdateSpec extends DynamicData { operation: ArrayUpdateOperation; removeKey?: unknown }
export interface AuthorizationPrivilege extends DynamicData { privId: string; onParent: boolean; name: string; privGroupName: string }
export interface AuthorizationRole extends DynamicData { roleId: number; system: boolean; name: string; info: Description; privilege?: readonly string[] }
export interface BoolPolicy extends InheritablePolicy { value?: boolean }
export interface CannotAccessFile extends FileFault {}
export interface CannotAccessVmComponent extends VmConfigFault {}
export interface CannotAccessVmDevice extends CannotAccessVmComponent { device: string; backing: string; connected: boolean }
export interface CannotAccessVmDisk extends CannotAccessVmDevice { fault: LocalizedMethodFault }
export interface CannotCreateFile extends FileFault {}
export interface CannotDeleteFile extends FileFault {}
export interface CannotDisableDrsOnClustersWithVApps extends RuntimeFault {}
export interface CannotPowerOffVmInCluster extends InvalidState { operation: string; vm: MoRef<'VirtualMachine'>; vmName: string }
export interface Capability extends DynamicData { provisioningSupported: boolean; multiHostSupported: boolean; userShellAccessSupported: boolean; supportedEVCMode?: readonly EVCMode[]; supportedEVCGraphicsMode?: readonly FeatureEVCMode[]; networkBackupAndRestoreSupported?: boolean; ftDrsWithoutEvcSupported?: boolean; hciWorkflowSupported?: boolean; computePolicyVersion?: number; clusterPlacementSupported?: boolean; lifecycleManagementSupported?: boolean; hostSeedingSupported?: boolean; scalableSharesSupported?: boolean; hadcsSupported?: boolean; configMgmtSupported?: boolean }
export interface ChoiceOption extends OptionType { choiceInfo: readonly ElementDescription[]; defaultIndex?: number }
export interface ClusterComputeResourceSummary extends ComputeResourceSummary { currentFailoverLevel: number; admissionControlInfo?: ClusterDasAdmissionControlInfo; numVmotions: number; targetBalance?: number; currentBalance?: number; drsScore?: number; numVmsPerDrsScoreBucket?: readonly number[]; usageSummary?: ClusterUsageSummary; currentEVCModeKey?: string; currentEVCGraphicsModeKey?: string; dasData?: ClusterDasData; clusterMaintenanceModeStatus?: string; vcsHealthStatus?: string; vcsSlots?: readonly ClusterComputeResourceVcsSlots[] }
export interface ClusterComputeResourceVcsSlots extends DynamicData { systemId?: string; host: MoRef<'HostSystem'>; datastore?: readonly MoRef<'Datastore'>[]; totalSlots: number }
export interface ClusterDasAdmissionControlInfo extends DynamicData {}
export interface ClusterDasData extends DynamicData {}
export interface ClusterDasFdmHostState extends DynamicData { state: string; stateReporter?: MoRef<'HostSystem'> }
export interface ClusterUsageSummary extends DynamicData { totalCpuCapacityMhz: number; totalMemCapacityMB: number; cpuReservationMhz: number; memReservationMB: number; poweredOffCpuReservationMhz?: number; poweredOffMemReservationMB?: number; cpuDemandMhz: number; memDemandMB: number; statsGenNumber: number; cpuEntitledMhz: number; memEntitledMB: number; poweredOffVmCount: number; totalVmCount: number }
export interface ComputeResourceHostSPBMLicenseInfo extends DynamicData { host: MoRef<'HostSystem'>; licenseState: ComputeResourceHostSPBMLicenseInfoHostSPBMLicenseState }
export type ComputeResourceHostSPBMLicenseInfoHostSPBMLicenseState = 'licensed' | 'unlicensed' | 'unknown';
export interface ComputeResourceSummary extends DynamicData { totalCpu: number; totalMemory: number; numCpuCores: number; numCpuThreads: number; effectiveCpu: number; effectiveMemory: number; numHosts: number; numEffectiveHosts: number; overallStatus: ManagedEntityStatus }
export interface ConcurrentAccess extends VimFault {}
export interface ConflictingDatastoreFound extends RuntimeFault { name: string; url: string }
export interface CryptoKeyId extends DynamicData { keyId: string; providerId?: KeyProviderId }
export interface CryptoSpec extends DynamicData {}
export interface CustomFieldValue extends DynamicData { key: number }
export interface DVPortSetting extends DynamicData { blocked?: BoolPolicy; vmDirectPathGen2Allowed?: BoolPolicy; inShapingPolicy?: DVSTrafficShapingPolicy; outShapingPolicy?: DVSTrafficShapingPolicy; vendorSpecificConfig?: DVSVendorSpecificConfig; networkResourcePoolKey?: StringPolicy; filterPolicy?: DvsFilterPolicy }
export interface DVPortgroupConfigInfo extends DynamicData { key: string; name: string; numPorts: number; distributedVirtualSwitch?: MoRef; defaultPortConfig?: DVPortSetting; description?: string; type: string; backingType?: string; policy: DVPortgroupPolicy; portNameFormat?: string; scope?: readonly MoRef[]; vendorSpecificConfig?: readonly DistributedVirtualSwitchKeyedOpaqueBlob[]; configVersion?: string; autoExpand?: boolean; vmVnicNetworkResourcePoolKey?: string; uplink?: boolean; transportZoneUuid?: string; transportZoneName?: string; logicalSwitchUuid?: string; segmentId?: string }
export interface DVPortgroupPolicy extends DynamicData { blockOverrideAllowed: boolean; shapingOverrideAllowed: boolean; vendorConfigOverrideAllowed: boolean; livePortMovingAllowed: boolean; portConfigResetAtDisconnect: boolean; networkResourcePoolOverrideAllowed?: boolean; trafficFilterOverrideAllowed?: boolean }
export interface DVSContactInfo extends DynamicData { name?: string; contact?: string }
export interface DVSFailureCriteria extends InheritablePolicy { checkSpeed?: StringPolicy; speed?: IntPolicy; checkDuplex?: BoolPolicy; fullDuplex?: BoolPolicy; checkErrorPercent?: BoolPolicy; percentage?: IntPolicy; checkBeacon?: BoolPolicy }
export interface DVSMacLearningPolicy extends InheritablePolicy { enabled: boolean; allowUnicastFlooding?: boolean; limit?: number; limitPolicy?: string }
export interface DVSMacManagementPolicy extends InheritablePolicy { allowPromiscuous?: boolean; macChanges?: boolean; forgedTransmits?: boolean; macLearningPolicy?: DVSMacLearningPolicy }
export interface DVSSecurityPolicy extends InheritablePolicy { allowPromiscuous?: BoolPolicy; macChanges?: BoolPolicy; forgedTransmits?: BoolPolicy }
export interface DVSSummary extends DynamicData { name: string; uuid: string; numPorts: number; productInfo?: DistributedVirtualSwitchProductSpec; hostMember?: readonly MoRef<'HostSystem'>[]; vm?: readonly MoRef<'VirtualMachine'>[]; host?: readonly MoRef<'HostSystem'>[]; portgroupName?: readonly string[]; description?: string; contact?: DVSContactInfo; numHosts?: number }
export interface DVSTrafficShapingPolicy extends InheritablePolicy { enabled?: BoolPolicy; averageBandwidth?: LongPolicy; peakBandwidth?: LongPolicy; burstSize?: LongPolicy }
export interface DVSVendorSpecificConfig extends InheritablePolicy { keyValue?: readonly DistributedVirtualSwitchKeyedOpaqueBlob[] }
export interface DatabaseError extends RuntimeFault {}
export interface DatastoreCapability extends DynamicData { directoryHierarchySupported: boolean; rawDiskMappingsSupported: boolean; perFileThinProvisioningSupported: boolean; storageIORMSupported: boolean; nativeSnapshotSupported: boolean; topLevelDirectoryCreateSupported?: boolean; seSparseSupported?: boolean; vmfsSparseSupported?: boolean; vsanSparseSupported?: boolean; upitSupported?: boolean; vmdkExpandSupported?: boolean; clusteredVmdkSupported?: boolean }
export interface DatastoreHostMount extends DynamicData { key: MoRef<'HostSystem'>; mountInfo: HostMountInfo }
export interface DatastoreInfo extends DynamicData { name: string; url: string; freeSpace: number; maxFileSize: number; maxVirtualDiskCapacity?: number; maxMemoryFileSize: number; timestamp?: string; containerId?: string; aliasOf?: string }
export interface DatastoreNotWritableOnHost extends InvalidDatastore { host: MoRef<'HostSystem'> }
export interface DatastoreSummary extends DynamicData { datastore?: MoRef<'Datastore'>; name: string; url: string; capacity: number; freeSpace: number; uncommitted?: number; accessible: boolean; multipleHostAccess?: boolean; type: string; maintenanceMode?: string }
export interface Description extends DynamicData { label: string; summary: string }
export interface DirectoryNotEmpty extends FileFault {}
export interface DisallowedChangeByService extends RuntimeFault { serviceName: string; disallowedChange?: string }
export interface DisallowedOperationOnFailoverHost extends RuntimeFault { host: MoRef<'HostSystem'>; hostname: string }
export interface DiskChangeExtent extends DynamicData { start: number; length: number }
export interface DiskChangeInfo extends DynamicData { startOffset: number; length: number; changedArea?: readonly DiskChangeExtent[] }
export interface DistributedVirtualSwitchKeyedOpaqueBlob extends DynamicData { key: string; opaqueData: string }
export interface DistributedVirtualSwitchPortConnection extends DynamicData { switchUuid: string; portgroupKey?: string; portKey?: string; connectionCookie?: number }
export interface DistributedVirtualSwitchProductSpec extends DynamicData { name?: string; vendor?: string; version?: string; build?: string; forwardingClass?: string; bundleId?: string; bundleUrl?: string }
export interface DpuStatusInfo extends HostHardwareElementInfo { dpuId: string; fru?: HostFru; sensors?: readonly DpuStatusInfoOperationalInfo[] }
export interface DpuStatusInfoOperationalInfo extends DynamicData { sensorId: string; healthState?: ElementDescription; reading: string; units?: string; timeStamp?: string }
export interface DuplicateName extends VimFault { name: string; object: MoRef }
export interface DvsFilterConfig extends InheritablePolicy { key?: string; agentName?: string; slotNumber?: string; parameters?: DvsFilterParameter; onFailure?: string }
export interface DvsFilterParameter extends DynamicData { parameters?: readonly string[] }
export interface DvsFilterPolicy extends InheritablePolicy { filterConfig?: readonly DvsFilterConfig[] }
export interface DynamicData { $type: string; $declared?: string }
export interface DynamicProperty extends DynamicData { name: string; val: unknown }
export interface EVCMode extends ElementDescription { guaranteedCPUFeatures?: readonly HostCpuIdInfo[]; featureCapability?: readonly HostFeatureCapability[]; featureMask?: readonly HostFeatureMask[]; featureRequirement?: readonly VirtualMachineFeatureRequirement[]; vendor: string; track: readonly string[]; vendorTier: number }
export interface ElementDescription extends Description { key: string }
export interface EncryptionKeyRequired extends InvalidState { requiredKey?: readonly CryptoKeyId[] }
export interface EntityPrivilege extends DynamicData { entity: MoRef; privAvailability: readonly PrivilegeAvailability[] }
export interface ExpiredAddonLicense extends ExpiredFeatureLicense {}
export interface ExpiredEditionLicense extends ExpiredFeatureLicense {}
export interface ExpiredFeatureLicense extends NotEnoughLicenses { feature: string; count: number; expirationDate: string }
export interface FailToEnableSPBM extends NotEnoughLicenses { cs: MoRef; csName: string; hostLicenseStates: readonly ComputeResourceHostSPBMLicenseInfo[] }
export interface FailToLockFaultToleranceVMs extends RuntimeFault { vmName: string; vm: MoRef<'VirtualMachine'>; alreadyLockedVm: MoRef<'VirtualMachine'> }
export interface FaultToleranceConfigInfo extends DynamicData { role: number; instanceUuids: readonly string[]; configPaths: readonly string[]; orphaned?: boolean }
export interface FeatureEVCMode extends ElementDescription { mask?: readonly HostFeatureMask[]; capability?: readonly HostFeatureCapability[]; requirement?: readonly VirtualMachineFeatureRequirement[] }
export interface FileAlreadyExists extends FileFault {}
export interface FileFault extends VimFault { file: string }
export interface FileLocked extends FileFault {}
export interface FileNameTooLong extends FileFault {}
export interface FileNotFound extends FileFault {}
export interface FileNotWritable extends FileFault {}
export interface FileTooLarge extends FileFault { datastore: string; fileSize: number; maxFileSize?: number }
export interface FilesystemQuiesceFault extends SnapshotFault {}
export interface FilterInUse extends ResourceInUse { disk?: readonly VirtualDiskId[] }
export interface GenericVmConfigFault extends VmConfigFault { reason: string }
export interface GuestDiskInfo extends DynamicData { diskPath?: string; capacity?: number; freeSpace?: number; filesystemType?: string; mappings?: readonly GuestInfoVirtualDiskMapping[] }
export interface GuestInfo extends DynamicData { toolsStatus?: VirtualMachineToolsStatus; toolsVersionStatus?: string; toolsVersionStatus2?: string; toolsRunningStatus?: string; toolsVersion?: string; toolsInstallType?: string; guestId?: string; guestFamily?: string; guestFullName?: string; guestDetailedData?: string; hostName?: string; ipAddress?: string; net?: readonly GuestNicInfo[]; ipStack?: readonly GuestStackInfo[]; disk?: readonly GuestDiskInfo[]; screen?: GuestScreenInfo; guestState: string; appHeartbeatStatus?: string; guestKernelCrashed?: boolean; appState?: string; guestOperationsReady?: boolean; interactiveGuestOperationsReady?: boolean; guestStateChangeSupported?: boolean; generationInfo?: readonly GuestInfoNamespaceGenerationInfo[]; hwVersion?: string; customizationInfo?: GuestInfoCustomizationInfo }
export interface GuestInfoCustomizationInfo extends DynamicData { customizationStatus: string; startTime?: string; endTime?: string; errorMsg?: string }
export interface GuestInfoNamespaceGenerationInfo extends DynamicData { key: string; generationNo: number }
export interface GuestInfoVirtualDiskMapping extends DynamicData { key: number }
export interface GuestNicInfo extends DynamicData { network?: string; ipAddress?: readonly string[]; macAddress?: string; connected: boolean; deviceConfigId: number; dnsConfig?: NetDnsConfigInfo; ipConfig?: NetIpConfigInfo; netBIOSConfig?: NetBIOSConfigInfo }
export interface GuestScreenInfo extends DynamicData { width: number; height: number }
export interface GuestStackInfo extends DynamicData { dnsConfig?: NetDnsConfigInfo; ipRouteConfig?: NetIpRouteConfigInfo; ipStackConfig?: readonly KeyValue[]; dhcpConfig?: NetDhcpConfigInfo }
export interface HealthSystemRuntime extends DynamicData { systemHealthInfo?: HostSystemHealthInfo; hardwareStatusInfo?: HostHardwareStatusInfo }
export interface HostAccessRestrictedToManagementServer extends NotSupported { managementServer: string }
export interface HostCommunication extends RuntimeFault {}
export interface HostConfigSummary extends DynamicData { name: string; port: number; sslThumbprint?: string; product?: AboutInfo; vmotionEnabled: boolean; faultToleranceEnabled: boolean; featureVersion?: readonly HostFeatureVersionInfo[]; agentVmDatastore?: MoRef<'Datastore'>; agentVmNetwork?: MoRef }
export interface HostConnectFault extends VimFault {}
export interface HostCpuIdInfo extends DynamicData { level: number; vendor?: string; eax?: string; ebx?: string; ecx?: string; edx?: string }
export interface HostDigestInfo extends DynamicData { digestMethod: string; digestValue: readonly number[]; objectName?: string }
export interface HostFeatureCapability extends DynamicData { key: string; featureName: string; value: string }
export interface HostFeatureMask extends DynamicData { key: string; featureName: string; value: string }
export interface HostFeatureVersionInfo extends DynamicData { key: string; value: string }
export interface HostFileSystemVolume extends DynamicData { type: string; name: string; capacity: number }
export interface HostForceMountedInfo extends DynamicData { persist: boolean; mounted: boolean }
export interface HostFru extends DynamicData { type: string; partName: string; partNumber: string; manufacturer: string; serialNumber?: string; mfgTimeStamp?: string }
export interface HostHardwareElementInfo extends DynamicData { name: string; status: ElementDescription }
export interface HostHardwareStatusInfo extends DynamicData { memoryStatusInfo?: readonly HostHardwareElementInfo[]; cpuStatusInfo?: readonly HostHardwareElementInfo[]; storageStatusInfo?: readonly HostStorageElementInfo[]; dpuStatusInfo?: readonly DpuStatusInfo[] }
export interface HostHardwareSummary extends DynamicData { vendor: string; model: string; uuid: string; otherIdentifyingInfo?: readonly HostSystemIdentificationInfo[]; memorySize: number; cpuModel: string; cpuMhz: number; numCpuPkgs: number; numCpuCores: number; numCpuThreads: number; numNics: number; numHBAs: number }
export interface HostInventoryFull extends NotEnoughLicenses { capacity: number }
export interface HostListSummary extends DynamicData { host?: MoRef<'HostSystem'>; hardware?: HostHardwareSummary; runtime?: HostRuntimeInfo; config: HostConfigSummary; quickStats: HostListSummaryQuickStats; overallStatus: ManagedEntityStatus; rebootRequired: boolean; customValue?: readonly CustomFieldValue[]; managementServerIp?: string; maxEVCModeKey?: string; currentEVCModeKey?: string; currentEVCGraphicsModeKey?: string; gateway?: HostListSummaryGatewaySummary; tpmAttestation?: HostTpmAttestationInfo; trustAuthorityAttestationInfos?: readonly HostTrustAuthorityAttestationInfo[] }
export interface HostListSummaryGatewaySummary extends DynamicData { gatewayType: string; gatewayId: string }
export interface HostListSummaryQuickStats extends DynamicData { overallCpuUsage?: number; overallMemoryUsage?: number; distributedCpuFairness?: number; distributedMemoryFairness?: number; availablePMemCapacity?: number; uptime?: number }
export interface HostMountInfo extends DynamicData { path?: string; accessMode: string; mounted?: boolean; accessible?: boolean; inaccessibleReason?: string; vmknicName?: string; vmknicActive?: boolean; mountFailedReason?: string; numTcpConnections?: number }
export interface HostNasVolume extends HostFileSystemVolume { remoteHost: string; remotePath: string; userName?: string; remoteHostNames?: readonly string[]; securityType?: string; protocolEndpoint?: boolean }
export interface HostNetworkResourceRuntime extends DynamicData { pnicResourceInfo: readonly HostPnicNetworkResourceInfo[] }
export interface HostNotConnected extends HostCommunication {}
export interface HostNotReachable extends HostCommunication {}
export interface HostNumericSensorInfo extends DynamicData { name: string; healthState?: ElementDescription; currentReading: number; unitModifier: number; baseUnits: string; rateUnits?: string; sensorType: string; id?: string; sensorNumber?: number; timeStamp?: string; fru?: HostFru }
export interface HostPMemVolume extends HostFileSystemVolume { uuid: string; version: string }
export interface HostPartialMaintenanceModeRuntimeInfo extends DynamicData { key: string; hostStatus: string }
export interface HostPlacedVirtualNicIdentifier extends DynamicData { vm: MoRef<'VirtualMachine'>; vnicKey: string; reservation?: number }
export interface HostPnicNetworkResourceInfo extends DynamicData { pnicDevice: string; availableBandwidthForVMTraffic?: number; unusedBandwidthForVMTraffic?: number; placedVirtualNics?: readonly HostPlacedVirtualNicIdentifier[] }
export interface HostProtocolEndpoint extends DynamicData { peType: string; type?: string; uuid: string; hostKey?: readonly MoRef<'HostSystem'>[]; storageArray?: string; nfsServer?: string; nfsDir?: string; nfsServerScope?: string; nfsServerMajor?: string; nfsServerAuthType?: string; nfsServerUser?: string; deviceId?: string; usedByStretchedContainer?: boolean }
export interface HostRuntimeInfo extends DynamicData { connectionState: HostSystemConnectionState; powerState: HostSystemPowerState; standbyMode?: string; inMaintenanceMode: boolean; inQuarantineMode?: boolean; bootTime?: string; healthSystemRuntime?: HealthSystemRuntime; dasHostState?: ClusterDasFdmHostState; tpmPcrValues?: readonly HostTpmDigestInfo[]; vsanRuntimeInfo?: VsanHostRuntimeInfo; networkRuntimeInfo?: HostRuntimeInfoNetworkRuntimeInfo; vFlashResourceRuntimeInfo?: HostVFlashManagerVFlashResourceRunTimeInfo; hostMaxVirtualDiskCapacity?: number; cryptoState?: string; cryptoKeyId?: CryptoKeyId; statelessNvdsMigrationReady?: string; partialMaintenanceMode?: readonly HostPartialMaintenanceModeRuntimeInfo[]; stateEncryption?: HostRuntimeInfoStateEncryptionInfo }
export interface HostRuntimeInfoNetStackInstanceRuntimeInfo extends DynamicData { netStackInstanceKey: string; state?: string; vmknicKeys?: readonly string[]; maxNumberOfConnections?: number; currentIpV6Enabled?: boolean }
export interface HostRuntimeInfoNetworkRuntimeInfo extends DynamicData { netStackInstanceRuntimeInfo?: readonly HostRuntimeInfoNetStackInstanceRuntimeInfo[]; networkResourceRuntime?: HostNetworkResourceRuntime }
export interface HostRuntimeInfoStateEncryptionInfo extends DynamicData { protectionMode: string; requireSecureBoot?: boolean; requireExecInstalledOnly?: boolean }
export interface HostScsiDiskPartition extends DynamicData { diskName: string; partition: number }
export interface HostStorageElementInfo extends HostHardwareElementInfo { operationalInfo?: readonly HostStorageOperationalInfo[] }
export interface HostStorageOperationalInfo extends DynamicData { property: string; value: string }
export type HostSystemConnectionState = 'connected' | 'notResponding' | 'disconnected';
export interface HostSystemHealthInfo extends DynamicData { numericSensorInfo?: readonly HostNumericSensorInfo[] }
export interface HostSystemIdentificationInfo extends DynamicData { identifierValue: string; identifierType: ElementDescription }
export type HostSystemPowerState = 'poweredOn' | 'poweredOff' | 'standBy' | 'unknown';
export interface HostTpmAttestationInfo extends DynamicData { time: string; status: HostTpmAttestationInfoAcceptanceStatus; message?: LocalizableMessage }
export type HostTpmAttestationInfoAcceptanceStatus = 'notAccepted' | 'accepted';
export interface HostTpmDigestInfo extends HostDigestInfo { pcrNumber: number }
export interface HostTrustAuthorityAttestationInfo extends DynamicData { attestationStatus: string; serviceId?: string; attestedAt?: string; attestedUntil?: string; messages?: readonly LocalizableMessage[] }
export interface HostVFlashManagerVFlashResourceRunTimeInfo extends DynamicData { usage: number; capacity: number; accessible: boolean; capacityForVmCache: number; freeForVmCache: number }
export interface HostVmfsVolume extends HostFileSystemVolume { blockSizeMb: number; blockSize?: number; unmapGranularity?: number; unmapPriority?: string; unmapBandwidthSpec?: VmfsUnmapBandwidthSpec; maxBlocks: number; majorVersion: number; version: string; uuid: string; extent: readonly HostScsiDiskPartition[]; vmfsUpgradable: boolean; forceMountedInfo?: HostForceMountedInfo; ssd?: boolean; local?: boolean; scsiDiskType?: string }
export interface HostVvolNQN extends DynamicData { targetNQN: string; storageArray: string; online: boolean }
export interface HostVvolVolume extends HostFileSystemVolume { scId: string; hostPE?: readonly VVolHostPE[]; hostVvolNQN?: readonly HostVvolVolumeHostVvolNQN[]; vasaProviderInfo?: readonly VimVasaProviderInfo[]; storageArray?: readonly VASAStorageArray[]; protocolEndpointType?: string; vvolNQNFieldsAvailable?: boolean; stretched?: boolean }
export interface HostVvolVolumeHostVvolNQN extends DynamicData { host?: MoRef<'HostSystem'>; vvolNQN?: readonly HostVvolNQN[] }
export interface ID extends DynamicData { id: string }
export interface InUseFeatureManipulationDisallowed extends NotEnoughLicenses {}
export interface InaccessibleDatastore extends InvalidDatastore { detail?: string }
export interface InaccessibleFTMetadataDatastore extends InaccessibleDatastore {}
export interface IncompatibleSetting extends InvalidArgument { conflictingProperty: string }
export interface IncorrectFileType extends FileFault {}
export interface IncorrectHostInformation extends NotEnoughLicenses {}
export interface InheritablePolicy extends DynamicData { inherited: boolean }
export interface InsufficientAgentVmsDeployed extends InsufficientResourcesFault { hostName: string; requiredNumAgentVms: number; currentNumAgentVms: number }
export interface InsufficientCpuResourcesFault extends InsufficientResourcesFault { unreserved: number; requested: number }
export interface InsufficientFailoverResourcesFault extends InsufficientResourcesFault {}
export interface InsufficientGraphicsResourcesFault extends InsufficientResourcesFault {}
export interface InsufficientHostCapacityFault extends InsufficientResourcesFault { host?: MoRef<'HostSystem'> }
export interface InsufficientHostCpuCapacityFault extends InsufficientHostCapacityFault { unreserved: number; requested: number }
export interface InsufficientHostMemoryCapacityFault extends InsufficientHostCapacityFault { unreserved: number; requested: number }
export interface InsufficientMemoryResourcesFault extends InsufficientResourcesFault { unreserved: number; requested: number }
export interface InsufficientNetworkCapacity extends InsufficientResourcesFault {}
export interface InsufficientNetworkResourcePoolCapacity extends InsufficientResourcesFault { dvsName: string; dvsUuid: string; resourcePoolKey: string; available: number; requested: number; device: readonly string[] }
export interface InsufficientPerCpuCapacity extends InsufficientHostCapacityFault {}
export interface InsufficientResourcesFault extends VimFault {}
export interface InsufficientStandbyCpuResource extends InsufficientStandbyResource { available: number; requested: number }
export interface InsufficientStandbyMemoryResource extends InsufficientStandbyResource { available: number; requested: number }
export interface InsufficientStandbyResource extends InsufficientResourcesFault {}
export interface InsufficientStorageSpace extends InsufficientResourcesFault {}
export interface InsufficientVFlashResourcesFault extends InsufficientResourcesFault { freeSpaceInMB?: number; freeSpace: number; requestedSpaceInMB?: number; requestedSpace: number }
export interface IntPolicy extends InheritablePolicy { value?: number }
export interface InvalidArgument extends RuntimeFault { invalidProperty?: string }
export interface InvalidClientCertificate extends InvalidLogin {}
export interface InvalidCollectorVersion extends MethodFault {}
export interface InvalidDasConfigArgument extends InvalidArgument { entry?: string; clusterName?: string }
export interface InvalidDasRestartPriorityForFtVm extends InvalidArgument { vm: MoRef<'VirtualMachine'>; vmName: string }
export interface InvalidDatastore extends VimFault { datastore?: MoRef<'Datastore'>; name?: string }
export interface InvalidDatastorePath extends InvalidDatastore { datastorePath: string }
export interface InvalidDatastoreState extends InvalidState { datastoreName?: string }
export interface InvalidDrsBehaviorForFtVm extends InvalidArgument { vm: MoRef<'VirtualMachine'>; vmName: string }
export interface InvalidEditionLicense extends NotEnoughLicenses { feature: string }
export interface InvalidHostConnectionState extends InvalidHostState {}
export interface InvalidHostState extends InvalidState { host?: MoRef<'HostSystem'> }
export interface InvalidIndexArgument extends InvalidArgument { key: string }
export interface InvalidLocale extends VimFault {}
export interface InvalidLogin extends VimFault {}
export interface InvalidName extends VimFault { name: string; entity?: MoRef }
export interface InvalidPowerState extends InvalidState { requestedState?: VirtualMachinePowerState; existingState: VirtualMachinePowerState }
export interface InvalidPrivilege extends VimFault { privilege: string }
export interface InvalidProfileReferenceHost extends RuntimeFault { reason?: string; host?: MoRef<'HostSystem'>; profile?: MoRef; profileName?: string }
export interface InvalidProperty extends MethodFault { name: string }
export interface InvalidRequest extends RuntimeFault {}
export interface InvalidResourcePoolStructureFault extends InsufficientResourcesFault {}
export interface InvalidScheduledTask extends RuntimeFault {}
export interface InvalidState extends VimFault {}
export interface InvalidType extends InvalidRequest { argument?: string }
export interface InvalidVmConfig extends VmConfigFault { property?: string }
export interface InvalidVmState extends InvalidState { vm: MoRef<'VirtualMachine'> }
export interface InventoryHasStandardAloneHosts extends NotEnoughLicenses { hosts: readonly string[] }
export interface KeyAnyValue extends DynamicData { key: string; value: unknown }
export interface KeyProviderId extends DynamicData { id: string }
export interface KeyValue extends DynamicData { key: string; value: string }
export interface LatencySensitivity extends DynamicData { level: LatencySensitivitySensitivityLevel; sensitivity?: number }
export type LatencySensitivitySensitivityLevel = 'low' | 'normal' | 'medium' | 'high' | 'custom';
export interface LicenseAssignmentFailed extends RuntimeFault { reason?: string }
export interface LicenseDowngradeDisallowed extends NotEnoughLicenses { edition: string; entityId: string; features: readonly KeyAnyValue[] }
export interface LicenseExpired extends NotEnoughLicenses { licenseKey: string }
export interface LicenseKeyEntityMismatch extends NotEnoughLicenses {}
export interface LicenseRestricted extends NotEnoughLicenses {}
export interface LicenseSource extends DynamicData {}
export interface LicenseSourceUnavailable extends NotEnoughLicenses { licenseSource: LicenseSource }
export interface LimitExceeded extends VimFault { property?: string; limit?: number }
export interface LocalDatastoreInfo extends DatastoreInfo { path?: string }
export interface LocalizableMessage extends DynamicData { key: string; arg?: readonly KeyAnyValue[]; message?: string }
export interface LocalizedMethodFault extends DynamicData { fault: MethodFault; localizedMessage?: string }
export interface LongPolicy extends InheritablePolicy { value?: number }
export interface ManagedByInfo extends DynamicData { extensionKey: string; type: string }
export type ManagedEntityStatus = 'gray' | 'green' | 'yellow' | 'red';
export interface ManagedObjectNotFound extends RuntimeFault { obj: MoRef }
export interface MemorySnapshotOnIndependentDisk extends SnapshotFault {}
export interface MethodAlreadyDisabledFault extends RuntimeFault { sourceId: string }
export interface MethodDisabled extends RuntimeFault { source?: string }
export interface MethodFault extends DynamicData { faultCause?: LocalizedMethodFault; faultMessage?: readonly LocalizableMessage[] }
export interface MethodNotFound extends InvalidRequest { receiver: MoRef; method: string }
export interface MigrationFault extends VimFault {}
export interface MissingObject extends DynamicData { obj: MoRef; fault: LocalizedMethodFault }
export interface MissingProperty extends DynamicData { path: string; fault: LocalizedMethodFault }
export interface MksConnectionLimitReached extends InvalidState { connectionLimit: number }
export interface MultipleSnapshotsNotSupported extends SnapshotFault {}
export interface NasDatastoreInfo extends DatastoreInfo { nas?: HostNasVolume }
export interface NetBIOSConfigInfo extends DynamicData { mode: string }
export interface NetDhcpConfigInfo extends DynamicData { ipv6?: NetDhcpConfigInfoDhcpOptions; ipv4?: NetDhcpConfigInfoDhcpOptions }
export interface NetDhcpConfigInfoDhcpOptions extends DynamicData { enable: boolean; config?: readonly KeyValue[] }
export interface NetDnsConfigInfo extends DynamicData { dhcp: boolean; hostName: string; domainName: string; ipAddress?: readonly string[]; searchDomain?: readonly string[] }
export interface NetIpConfigInfo extends DynamicData { ipAddress?: readonly NetIpConfigInfoIpAddress[]; dhcp?: NetDhcpConfigInfo; autoConfigurationEnabled?: boolean }
export interface NetIpConfigInfoIpAddress extends DynamicData { ipAddress: string; prefixLength: number; origin?: string; state?: string; lifetime?: string }
export interface NetIpRouteConfigInfo extends DynamicData { ipRoute?: readonly NetIpRouteConfigInfoIpRoute[] }
export interface NetIpRouteConfigInfoGateway extends DynamicData { ipAddress?: string; device?: string }
export interface NetIpRouteConfigInfoIpRoute extends DynamicData { network: string; prefixLength: number; gateway: NetIpRouteConfigInfoGateway }
export interface NetworkCopyFault extends FileFault {}
export interface NetworkSummary extends DynamicData { network?: MoRef; name: string; accessible: boolean; ipPoolName: string; ipPoolId?: number }
export interface NoActiveHostInCluster extends InvalidState { computeResource: MoRef }
export interface NoClientCertificate extends VimFault {}
export interface NoDiskFound extends VimFault {}
export interface NoDiskSpace extends FileFault { datastore: string }
export interface NoLicenseServerConfigured extends NotEnoughLicenses {}
export interface NoPermission extends SecurityError { object?: MoRef; privilegeId?: string; missingPrivileges?: readonly NoPermissionEntityPrivileges[] }
export interface NoPermissionEntityPrivileges extends DynamicData { entity: MoRef; privilegeIds?: readonly string[] }
export interface NotADirectory extends FileFault {}
export interface NotAFile extends FileFault {}
export interface NotAuthenticated extends NoPermission {}
export interface NotEnoughLicenses extends RuntimeFault {}
export interface NotFound extends VimFault {}
export interface NotImplemented extends RuntimeFault {}
export interface NotSupported extends RuntimeFault {}
export interface NumVirtualCpusExceedsLimit extends InsufficientResourcesFault { maxSupportedVcpus: number }
export interface NumericRange extends DynamicData { start: number; end: number }
export interface ObjectContent extends DynamicData { obj: MoRef; propSet?: readonly DynamicProperty[]; missingSet?: readonly MissingProperty[] }
export interface ObjectSpec extends DynamicData { obj: MoRef; skip?: boolean; selectSet?: readonly SelectionSpec[] }
export interface ObjectUpdate extends DynamicData { kind: ObjectUpdateKind; obj: MoRef; changeSet?: readonly PropertyChange[]; missingSet?: readonly MissingProperty[] }
export type ObjectUpdateKind = 'modify' | 'enter' | 'leave';
export interface OpaqueNetworkCapability extends DynamicData { networkReservationSupported: boolean }
export interface OpaqueNetworkSummary extends NetworkSummary { opaqueNetworkId: string; opaqueNetworkType: string }
export interface OperationDisallowedOnHost extends RuntimeFault {}
export interface OptionType extends DynamicData { valueIsReadonly?: boolean }
export interface OptionValue extends DynamicData { key: string; value?: unknown }
export interface OutOfBounds extends VimFault { argumentName: string }
export interface OvfConsumerPowerOnFault extends InvalidState { extensionKey: string; extensionName: string; description: string }
export interface PMemDatastoreInfo extends DatastoreInfo { pmem: HostPMemVolume }
export interface ParaVirtualSCSIController extends VirtualSCSIController {}
export interface PasswordExpired extends InvalidLogin {}
export interface PowerOnFtSecondaryTimedout extends Timedout { vm: MoRef<'VirtualMachine'>; vmName: string; timeout: number }
export interface PrivilegeAvailability extends DynamicData { privId: string; isGranted: boolean }
export interface PropertyChange extends DynamicData { name: string; op: PropertyChangeOp; val?: unknown }
export type PropertyChangeOp = 'add' | 'remove' | 'assign' | 'indirectRemove';
export interface PropertyFilterSpec extends DynamicData { propSet: readonly PropertySpec[]; objectSet: readonly ObjectSpec[]; reportMissingObjectsInResults?: boolean }
export interface PropertyFilterUpdate extends DynamicData { filter: MoRef<'PropertyFilter'>; objectSet?: readonly ObjectUpdate[]; missingSet?: readonly MissingObject[] }
export interface PropertySpec extends DynamicData { type: string; all?: boolean; pathSet?: readonly string[] }
export interface QuestionPending extends InvalidState { text: string }
export interface QuiesceDatastoreIOForHAFailed extends ResourceInUse { host: MoRef<'HostSystem'>; hostName: string; ds: MoRef<'Datastore'>; dsName: string }
export interface ReplicationConfigSpec extends DynamicData { generation: number; vmReplicationId: string; destination: string; port: number; rpo: number; quiesceGuestEnabled: boolean; paused: boolean; oppUpdatesEnabled: boolean; netCompressionEnabled?: boolean; netEncryptionEnabled?: boolean; encryptionDestination?: string; encryptionPort?: number; remoteCertificateThumbprint?: string; dataSetsReplicationEnabled?: boolean; disk?: readonly ReplicationInfoDiskSettings[] }
export interface ReplicationInfoDiskSettings extends DynamicData { key: number; diskReplicationId: string }
export interface RequestCanceled extends RuntimeFault {}
export interface ResourceAllocationInfo extends DynamicData { reservation?: number; expandableReservation?: boolean; limit?: number; shares?: SharesInfo; overheadLimit?: number }
export interface ResourceConfigSpec extends DynamicData { entity?: MoRef; changeVersion?: string; lastModified?: string; cpuAllocation: ResourceAllocationInfo; memoryAllocation: ResourceAllocationInfo; scaleDescendantsShares?: string }
export interface ResourceInUse extends VimFault { type?: string; name?: string }
export interface ResourceNotAvailable extends VimFault { containerType?: string; containerName?: string; type?: string }
export interface RestrictedByAdministrator extends RuntimeFault { details: string }
export interface RestrictedVersion extends SecurityError {}
export interface RetrieveOptions extends DynamicData { maxObjects?: number }
export interface RetrieveResult extends DynamicData { token?: string; objects: readonly ObjectContent[] }
export interface RuntimeFault extends MethodFault {}
export interface ScheduledHardwareUpgradeInfo extends DynamicData { upgradePolicy?: string; versionKey?: string; scheduledHardwareUpgradeStatus?: string; fault?: LocalizedMethodFault }
export interface SecurityError extends RuntimeFault {}
export interface SelectionSpec extends DynamicData { name?: string }
export interface ServiceContent extends DynamicData { rootFolder: MoRef; propertyCollector: MoRef<'PropertyCollector'>; viewManager?: MoRef<'ViewManager'>; about: AboutInfo; setting?: MoRef<'OptionManager'>; userDirectory?: MoRef<'UserDirectory'>; sessionManager?: MoRef<'SessionManager'>; authorizationManager?: MoRef<'AuthorizationManager'>; serviceManager?: MoRef<'ServiceManager'>; perfManager?: MoRef<'PerformanceManager'>; scheduledTaskManager?: MoRef<'ScheduledTaskManager'>; alarmManager?: MoRef<'AlarmManager'>; eventManager?: MoRef<'EventManager'>; taskManager?: MoRef<'TaskManager'>; extensionManager?: MoRef<'ExtensionManager'>; customizationSpecManager?: MoRef<'CustomizationSpecManager'>; guestCustomizationManager?: MoRef<'VirtualMachineGuestCustomizationManager'>; customFieldsManager?: MoRef<'CustomFieldsManager'>; accountManager?: MoRef<'HostLocalAccountManager'>; diagnosticManager?: MoRef<'DiagnosticManager'>; licenseManager?: MoRef<'LicenseManager'>; searchIndex?: MoRef<'SearchIndex'>; fileManager?: MoRef<'FileManager'>; datastoreNamespaceManager?: MoRef<'DatastoreNamespaceManager'>; virtualDiskManager?: MoRef<'VirtualDiskManager'>; virtualizationManager?: MoRef<'VirtualizationManager'>; snmpSystem?: MoRef<'HostSnmpSystem'>; vmProvisioningChecker?: MoRef<'VirtualMachineProvisioningChecker'>; vmCompatibilityChecker?: MoRef<'VirtualMachineCompatibilityChecker'>; ovfManager?: MoRef<'OvfManager'>; ipPoolManager?: MoRef<'IpPoolManager'>; dvSwitchManager?: MoRef<'DistributedVirtualSwitchManager'>; hostProfileManager?: MoRef<'HostProfileManager'>; clusterProfileManager?: MoRef<'ClusterProfileManager'>; complianceManager?: MoRef<'ProfileComplianceManager'>; localizationManager?: MoRef<'LocalizationManager'>; storageResourceManager?: MoRef<'StorageResourceManager'>; guestOperationsManager?: MoRef<'GuestOperationsManager'>; overheadMemoryManager?: MoRef<'OverheadMemoryManager'>; certificateManager?: MoRef<'CertificateManager'>; ioFilterManager?: MoRef<'IoFilterManager'>; vStorageObjectManager?: MoRef; hostSpecManager?: MoRef<'HostSpecificationManager'>; cryptoManager?: MoRef; healthUpdateManager?: MoRef<'HealthUpdateManager'>; failoverClusterConfigurator?: MoRef<'FailoverClusterConfigurator'>; failoverClusterManager?: MoRef<'FailoverClusterManager'>; tenantManager?: MoRef<'TenantTenantManager'>; siteInfoManager?: MoRef<'SiteInfoManager'>; storageQueryManager?: MoRef<'StorageQueryManager'> }
export interface SharesInfo extends DynamicData { shares: number; level: SharesLevel }
export type SharesLevel = 'low' | 'normal' | 'high' | 'custom';
export interface SnapshotDisabled extends SnapshotFault {}
export interface SnapshotFault extends VimFault {}
export interface SnapshotIncompatibleDeviceInVm extends SnapshotFault { fault: LocalizedMethodFault }
export interface SnapshotLocked extends SnapshotFault {}
export interface SnapshotNoChange extends SnapshotFault {}
export interface SnapshotSelectionSpec extends DynamicData { retentionDays?: number }
export interface SolutionUserRequired extends SecurityError {}
export interface StorageIOAllocationInfo extends DynamicData { limit?: number; shares?: SharesInfo; reservation?: number }
export interface StoragePodSummary extends DynamicData { name: string; capacity: number; freeSpace: number }
export interface StringPolicy extends InheritablePolicy { value?: string }
export interface SwapDatastoreNotWritableOnHost extends DatastoreNotWritableOnHost {}
export interface SystemError extends RuntimeFault { reason: string }
export interface Tag extends DynamicData { key: string }
export interface TaskInProgress extends VimFault { task: MoRef<'Task'> }
export interface TaskInfo extends DynamicData { key: string; task: MoRef<'Task'>; description?: LocalizableMessage; name?: string; descriptionId: string; entity?: MoRef; entityName?: string; locked?: readonly MoRef[]; state: TaskInfoState; cancelled: boolean; cancelable: boolean; error?: LocalizedMethodFault; result?: unknown; progress?: number; progressDetails?: readonly KeyAnyValue[]; reason: TaskReason; queueTime: string; startTime?: string; completeTime?: string; eventChainId: number; changeTag?: string; parentTaskKey?: string; rootTaskKey?: string; activationId?: string }
export type TaskInfoState = 'queued' | 'running' | 'success' | 'error';
export interface TaskReason extends DynamicData {}
export interface TaskReasonAlarm extends TaskReason { alarmName: string; alarm: MoRef<'Alarm'>; entityName: string; entity: MoRef }
export interface TaskReasonSchedule extends TaskReason { name: string; scheduledTask: MoRef<'ScheduledTask'> }
export interface TaskReasonSystem extends TaskReason {}
export interface TaskReasonUser extends TaskReason { userName: string }
export interface ThirdPartyLicenseAssignmentFailed extends RuntimeFault { host: MoRef<'HostSystem'>; module: string; reason?: string }
export interface Timedout extends VimFault {}
export interface TooManyConcurrentNativeClones extends FileFault {}
export interface TooManyNativeCloneLevels extends FileFault {}
export interface TooManyNativeClonesOnFile extends FileFault {}
export interface TooManySnapshotLevels extends SnapshotFault {}
export interface ToolsConfigInfo extends DynamicData { toolsVersion?: number; toolsInstallType?: string; afterPowerOn?: boolean; afterResume?: boolean; beforeGuestStandby?: boolean; beforeGuestShutdown?: boolean; beforeGuestReboot?: boolean; toolsUpgradePolicy?: string; pendingCustomization?: string; customizationKeyId?: CryptoKeyId; syncTimeWithHostAllowed?: boolean; syncTimeWithHost?: boolean; lastInstallInfo?: ToolsConfigInfoToolsLastInstallInfo }
export interface ToolsConfigInfoToolsLastInstallInfo extends DynamicData { counter: number; fault?: LocalizedMethodFault }
export interface ToolsUnavailable extends VimFault {}
export interface TraversalSpec extends SelectionSpec { type: string; path: string; skip?: boolean; selectSet?: readonly SelectionSpec[] }
export interface UnexpectedFault extends RuntimeFault { faultName: string; fault?: LocalizedMethodFault }
export interface UnsupportedVimApiVersion extends VimFault { version?: string }
export interface UpdateSet extends DynamicData { version: string; filterSet?: readonly PropertyFilterUpdate[]; truncated?: boolean }
export interface UserNotFound extends VimFault { principal: string; unresolved: boolean }
export interface UserPrivilegeResult extends DynamicData { entity: MoRef; privileges?: readonly string[] }
export interface UserSession extends DynamicData { key: string; userName: string; fullName: string; loginTime: string; lastActiveTime: string; locale: string; messageLocale: string; extensionSession: boolean; ipAddress: string; userAgent: string; callCount: number }
export interface VASAStorageArray extends DynamicData { name: string; uuid: string; vendorId: string; modelId: string; discoverySvcInfo?: readonly VASAStorageArrayDiscoverySvcInfo[] }
export interface VASAStorageArrayDiscoveryFcTransport extends DynamicData { nodeWwn: string; portWwn: string }
export interface VASAStorageArrayDiscoveryIpTransport extends DynamicData { ipAddress: string; portNumber?: string }
export interface VASAStorageArrayDiscoverySvcInfo extends DynamicData { portType: string; svcNqn: string; ipInfo?: VASAStorageArrayDiscoveryIpTransport; fcInfo?: VASAStorageArrayDiscoveryFcTransport }
export interface VAppIPAssignmentInfo extends DynamicData { supportedAllocationScheme?: readonly string[]; ipAllocationPolicy?: string; supportedIpProtocol?: readonly string[]; ipProtocol?: string }
export interface VAppOperationInProgress extends RuntimeFault {}
export interface VAppOvfSectionInfo extends DynamicData { key?: number; namespace?: string; type?: string; atEnvelopeLevel?: boolean; contents?: string }
export interface VAppOvfSectionSpec extends ArrayUpdateSpec { info?: VAppOvfSectionInfo }
export interface VAppProductInfo extends DynamicData { key: number; classId?: string; instanceId?: string; name?: string; vendor?: string; version?: string; fullVersion?: string; vendorUrl?: string; productUrl?: string; appUrl?: string }
export interface VAppProductSpec extends ArrayUpdateSpec { info?: VAppProductInfo }
export interface VAppPropertyInfo extends DynamicData { key: number; classId?: string; instanceId?: string; id?: string; category?: string; label?: string; type?: string; typeReference?: string; userConfigurable?: boolean; defaultValue?: string; value?: string; description?: string }
export interface VAppPropertySpec extends ArrayUpdateSpec { info?: VAppPropertyInfo }
export interface VAppTaskInProgress extends TaskInProgress {}
export interface VMwareDVSPortSetting extends DVPortSetting { vlan?: VmwareDistributedVirtualSwitchVlanSpec; qosTag?: IntPolicy; uplinkTeamingPolicy?: VmwareUplinkPortTeamingPolicy; securityPolicy?: DVSSecurityPolicy; ipfixEnabled?: BoolPolicy; txUplink?: BoolPolicy; lacpPolicy?: VMwareUplinkLacpPolicy; macManagementPolicy?: DVSMacManagementPolicy; VNI?: IntPolicy }
export interface VMwareUplinkLacpPolicy extends InheritablePolicy { enable?: BoolPolicy; mode?: StringPolicy }
export interface VMwareUplinkPortOrderPolicy extends InheritablePolicy { activeUplinkPort?: readonly string[]; standbyUplinkPort?: readonly string[] }
export interface VVolHostPE extends DynamicData { key: MoRef<'HostSystem'>; protocolEndpoint: readonly HostProtocolEndpoint[] }
export interface VimFault extends MethodFault {}
export interface VimVasaProvider extends DynamicData { uid?: string; url: string; name?: string; selfSignedCertificate?: string; vhostConfig?: VimVasaProviderVirtualHostConfig; versionId?: number }
export interface VimVasaProviderInfo extends DynamicData { provider: VimVasaProvider; arrayState?: readonly VimVasaProviderStatePerArray[] }
export interface VimVasaProviderStatePerArray extends DynamicData { priority: number; arrayId: string; active: boolean }
export interface VimVasaProviderVirtualHostConfig extends DynamicData { vhostName?: string; serviceHost: string; servicePort?: number }
export interface VirtualAHCIController extends VirtualSATAController {}
export interface VirtualBusLogicController extends VirtualSCSIController {}
export interface VirtualCdrom extends VirtualDevice {}
export interface VirtualCdromAtapiBackingInfo extends VirtualDeviceDeviceBackingInfo {}
export interface VirtualCdromIsoBackingInfo extends VirtualDeviceFileBackingInfo {}
export interface VirtualCdromPassthroughBackingInfo extends VirtualDeviceDeviceBackingInfo { exclusive: boolean }
export interface VirtualCdromRemoteAtapiBackingInfo extends VirtualDeviceRemoteDeviceBackingInfo {}
export interface VirtualCdromRemotePassthroughBackingInfo extends VirtualDeviceRemoteDeviceBackingInfo { exclusive: boolean }
export interface VirtualController extends VirtualDevice { busNumber: number; device?: readonly number[] }
export interface VirtualDevice extends DynamicData { key: number; deviceInfo?: Description; backing?: VirtualDeviceBackingInfo; connectable?: VirtualDeviceConnectInfo; slotInfo?: VirtualDeviceBusSlotInfo; controllerKey?: number; unitNumber?: number; numaNode?: number; deviceGroupInfo?: VirtualDeviceDeviceGroupInfo }
export interface VirtualDeviceBackingInfo extends DynamicData {}
export interface VirtualDeviceBusSlotInfo extends DynamicData {}
export interface VirtualDeviceConfigSpec extends DynamicData { operation?: VirtualDeviceConfigSpecOperation; fileOperation?: VirtualDeviceConfigSpecFileOperation; device: VirtualDevice; profile?: readonly VirtualMachineProfileSpec[]; backing?: VirtualDeviceConfigSpecBackingSpec; filterSpec?: readonly VirtualMachineBaseIndependentFilterSpec[]; changeMode?: string }
export interface VirtualDeviceConfigSpecBackingSpec extends DynamicData { parent?: VirtualDeviceConfigSpecBackingSpec; crypto?: CryptoSpec }
export type VirtualDeviceConfigSpecFileOperation = 'create' | 'destroy' | 'replace';
export type VirtualDeviceConfigSpecOperation = 'add' | 'remove' | 'edit';
export interface VirtualDeviceConnectInfo extends DynamicData { migrateConnect?: string; startConnected: boolean; allowGuestControl: boolean; connected: boolean; status?: string }
export interface VirtualDeviceDeviceBackingInfo extends VirtualDeviceBackingInfo { deviceName: string; useAutoDetect?: boolean }
export interface VirtualDeviceDeviceGroupInfo extends DynamicData { groupInstanceKey: number; sequenceId: number }
export interface VirtualDeviceFileBackingInfo extends VirtualDeviceBackingInfo { fileName: string; datastore?: MoRef<'Datastore'>; backingObjectId?: string }
export interface VirtualDevicePipeBackingInfo extends VirtualDeviceBackingInfo { pipeName: string }
export interface VirtualDeviceRemoteDeviceBackingInfo extends VirtualDeviceBackingInfo { deviceName: string; useAutoDetect?: boolean }
export interface VirtualDeviceURIBackingInfo extends VirtualDeviceBackingInfo { serviceURI: string; direction: string; proxyURI?: string }
export interface VirtualDisk extends VirtualDevice { capacityInKB: number; capacityInBytes?: number; shares?: SharesInfo; storageIOAllocation?: StorageIOAllocationInfo; diskObjectId?: string; vFlashCacheConfigInfo?: VirtualDiskVFlashCacheConfigInfo; iofilter?: readonly string[]; vDiskId?: ID; vDiskVersion?: number; nativeUnmanagedLinkedClone?: boolean; independentFilters?: readonly VirtualMachineBaseIndependentFilterSpec[]; guestReadOnly?: boolean }
export interface VirtualDiskFlatVer1BackingInfo extends VirtualDeviceFileBackingInfo { diskMode: string; split?: boolean; writeThrough?: boolean; contentId?: string; parent?: VirtualDiskFlatVer1BackingInfo }
export interface VirtualDiskFlatVer2BackingInfo extends VirtualDeviceFileBackingInfo { diskMode: string; split?: boolean; writeThrough?: boolean; thinProvisioned?: boolean; eagerlyScrub?: boolean; uuid?: string; contentId?: string; changeId?: string; parent?: VirtualDiskFlatVer2BackingInfo; deltaDiskFormat?: string; digestEnabled?: boolean; deltaGrainSize?: number; deltaDiskFormatVariant?: string; sharing?: string; keyId?: CryptoKeyId }
export interface VirtualDiskId extends DynamicData { vm: MoRef<'VirtualMachine'>; diskId: number }
export interface VirtualDiskLocalPMemBackingInfo extends VirtualDeviceFileBackingInfo { diskMode: string; uuid?: string; volumeUUID?: string; contentId?: string }
export interface VirtualDiskPartitionedRawDiskVer2BackingInfo extends VirtualDiskRawDiskVer2BackingInfo { partition: readonly number[] }
export interface VirtualDiskRawDiskMappingVer1BackingInfo extends VirtualDeviceFileBackingInfo { lunUuid?: string; deviceName?: string; compatibilityMode?: string; diskMode?: string; uuid?: string; contentId?: string; changeId?: string; parent?: VirtualDiskRawDiskMappingVer1BackingInfo; deltaDiskFormat?: string; deltaGrainSize?: number; sharing?: string }
export interface VirtualDiskRawDiskVer2BackingInfo extends VirtualDeviceDeviceBackingInfo { descriptorFileName: string; uuid?: string; changeId?: string; sharing?: string }
export interface VirtualDiskSeSparseBackingInfo extends VirtualDeviceFileBackingInfo { diskMode: string; writeThrough?: boolean; uuid?: string; contentId?: string; changeId?: string; parent?: VirtualDiskSeSparseBackingInfo; deltaDiskFormat?: string; digestEnabled?: boolean; grainSize?: number; keyId?: CryptoKeyId }
export interface VirtualDiskSparseVer1BackingInfo extends VirtualDeviceFileBackingInfo { diskMode: string; split?: boolean; writeThrough?: boolean; spaceUsedInKB?: number; contentId?: string; parent?: VirtualDiskSparseVer1BackingInfo }
export interface VirtualDiskSparseVer2BackingInfo extends VirtualDeviceFileBackingInfo { diskMode: string; split?: boolean; writeThrough?: boolean; spaceUsedInKB?: number; uuid?: string; contentId?: string; changeId?: string; parent?: VirtualDiskSparseVer2BackingInfo; keyId?: CryptoKeyId }
export interface VirtualDiskVFlashCacheConfigInfo extends DynamicData { vFlashModule?: string; reservationInMB?: number; cacheConsistencyType?: string; cacheMode?: string; blockSizeInKB?: number }
export interface VirtualE1000 extends VirtualEthernetCard {}
export interface VirtualE1000e extends VirtualEthernetCard {}
export interface VirtualEnsoniq1371 extends VirtualSoundCard {}
export interface VirtualEthernetCard extends VirtualDevice { addressType?: string; macAddress?: string; wakeOnLanEnabled?: boolean; resourceAllocation?: VirtualEthernetCardResourceAllocation; externalId?: string; uptCompatibilityEnabled?: boolean }
export interface VirtualEthernetCardDistributedVirtualPortBackingInfo extends VirtualDeviceBackingInfo { port: DistributedVirtualSwitchPortConnection }
export interface VirtualEthernetCardLegacyNetworkBackingInfo extends VirtualDeviceDeviceBackingInfo {}
export interface VirtualEthernetCardNetworkBackingInfo extends VirtualDeviceDeviceBackingInfo { network?: MoRef; inPassthroughMode?: boolean }
export interface VirtualEthernetCardOpaqueNetworkBackingInfo extends VirtualDeviceBackingInfo { opaqueNetworkId: string; opaqueNetworkType: string }
export interface VirtualEthernetCardResourceAllocation extends DynamicData { reservation?: number; share: SharesInfo; limit?: number }
export interface VirtualFloppy extends VirtualDevice {}
export interface VirtualFloppyDeviceBackingInfo extends VirtualDeviceDeviceBackingInfo {}
export interface VirtualFloppyImageBackingInfo extends VirtualDeviceFileBackingInfo {}
export interface VirtualFloppyRemoteDeviceBackingInfo extends VirtualDeviceRemoteDeviceBackingInfo {}
export interface VirtualHardware extends DynamicData { numCPU: number; numCoresPerSocket?: number; autoCoresPerSocket?: boolean; memoryMB: number; virtualICH7MPresent?: boolean; virtualSMCPresent?: boolean; device?: readonly VirtualDevice[]; motherboardLayout?: string; simultaneousThreads?: number }
export interface VirtualHardwareCompatibilityIssue extends VmConfigFault {}
export interface VirtualHardwareVersionNotSupported extends VirtualHardwareCompatibilityIssue { hostName: string; host: MoRef<'HostSystem'> }
export interface VirtualHdAudioCard extends VirtualSoundCard {}
export interface VirtualIDEController extends VirtualController {}
export interface VirtualKeyboard extends VirtualDevice {}
export interface VirtualLsiLogicController extends VirtualSCSIController {}
export interface VirtualLsiLogicSASController extends VirtualSCSIController {}
export interface VirtualMachineAffinityInfo extends DynamicData { affinitySet?: readonly number[] }
export interface VirtualMachineBaseIndependentFilterSpec extends DynamicData {}
export interface VirtualMachineBootOptions extends DynamicData { bootDelay?: number; enterBIOSSetup?: boolean; efiSecureBootEnabled?: boolean; bootRetryEnabled?: boolean; bootRetryDelay?: number; bootOrder?: readonly VirtualMachineBootOptionsBootableDevice[]; networkBootProtocol?: string }
export interface VirtualMachineBootOptionsBootableDevice extends DynamicData {}
export interface VirtualMachineCapability extends DynamicData { snapshotOperationsSupported: boolean; multipleSnapshotsSupported: boolean; snapshotConfigSupported: boolean; poweredOffSnapshotsSupported: boolean; memorySnapshotsSupported: boolean; revertToSnapshotSupported: boolean; quiescedSnapshotsSupported: boolean; disableSnapshotsSupported: boolean; lockSnapshotsSupported: boolean; consolePreferencesSupported: boolean; cpuFeatureMaskSupported: boolean; s1AcpiManagementSupported: boolean; settingScreenResolutionSupported: boolean; toolsAutoUpdateSupported: boolean; vmNpivWwnSupported: boolean; npivWwnOnNonRdmVmSupported: boolean; vmNpivWwnDisableSupported: boolean; vmNpivWwnUpdateSupported: boolean; swapPlacementSupported: boolean; toolsSyncTimeSupported: boolean; virtualMmuUsageSupported: boolean; diskSharesSupported: boolean; bootOptionsSupported: boolean; bootRetryOptionsSupported: boolean; settingVideoRamSizeSupported: boolean; settingDisplayTopologySupported: boolean; recordReplaySupported: boolean; changeTrackingSupported: boolean; multipleCoresPerSocketSupported: boolean; hostBasedReplicationSupported: boolean; guestAutoLockSupported: boolean; memoryReservationLockSupported: boolean; featureRequirementSupported: boolean; poweredOnMonitorTypeChangeSupported: boolean; seSparseDiskSupported: boolean; nestedHVSupported: boolean; vPMCSupported: boolean; secureBootSupported?: boolean; perVmEvcSupported?: boolean; virtualMmuUsageIgnored?: boolean; virtualExecUsageIgnored?: boolean; diskOnlySnapshotOnSuspendedVMSupported?: boolean; suspendToMemorySupported?: boolean; toolsSyncTimeAllowSupported?: boolean; sevSupported?: boolean; pmemFailoverSupported?: boolean; requireSgxAttestationSupported?: boolean; changeModeDisksSupported?: boolean; vendorDeviceGroupSupported?: boolean }
export interface VirtualMachineConfigInfo extends DynamicData { changeVersion: string; modified: string; name: string; guestFullName: string; version: string; uuid: string; createDate?: string; instanceUuid?: string; npivNodeWorldWideName?: readonly number[]; npivPortWorldWideName?: readonly number[]; npivWorldWideNameType?: string; npivDesiredNodeWwns?: number; npivDesiredPortWwns?: number; npivTemporaryDisabled?: boolean; npivOnNonRdmDisks?: boolean; locationId?: string; template: boolean; guestId: string; alternateGuestName: string; annotation?: string; files: VirtualMachineFileInfo; tools?: ToolsConfigInfo; flags: VirtualMachineFlagInfo; consolePreferences?: VirtualMachineConsolePreferences; defaultPowerOps: VirtualMachineDefaultPowerOpInfo; rebootPowerOff?: boolean; hardware: VirtualHardware; vcpuConfig?: readonly VirtualMachineVcpuConfig[]; cpuAllocation?: ResourceAllocationInfo; memoryAllocation?: ResourceAllocationInfo; latencySensitivity?: LatencySensitivity; memoryHotAddEnabled?: boolean; cpuHotAddEnabled?: boolean; cpuHotRemoveEnabled?: boolean; hotPlugMemoryLimit?: number; hotPlugMemoryIncrementSize?: number; cpuAffinity?: VirtualMachineAffinityInfo; memoryAffinity?: VirtualMachineAffinityInfo; networkShaper?: VirtualMachineNetworkShaperInfo; extraConfig?: readonly OptionValue[]; cpuFeatureMask?: readonly HostCpuIdInfo[]; datastoreUrl?: readonly VirtualMachineConfigInfoDatastoreUrlPair[]; swapPlacement?: string; bootOptions?: VirtualMachineBootOptions; ftInfo?: FaultToleranceConfigInfo; repConfig?: ReplicationConfigSpec; vAppConfig?: VmConfigInfo; vAssertsEnabled?: boolean; changeTrackingEnabled?: boolean; firmware?: string; maxMksConnections?: number; guestAutoLockEnabled?: boolean; managedBy?: ManagedByInfo; memoryReservationLockedToMax?: boolean; initialOverhead?: VirtualMachineConfigInfoOverheadInfo; nestedHVEnabled?: boolean; vPMCEnabled?: boolean; scheduledHardwareUpgradeInfo?: ScheduledHardwareUpgradeInfo; forkConfigInfo?: VirtualMachineForkConfigInfo; vFlashCacheReservation?: number; vmxConfigChecksum?: string; messageBusTunnelEnabled?: boolean; vmStorageObjectId?: string; swapStorageObjectId?: string; keyId?: CryptoKeyId; guestIntegrityInfo?: VirtualMachineGuestIntegrityInfo; migrateEncryption?: string; sgxInfo?: VirtualMachineSgxInfo; contentLibItemInfo?: VirtualMachineContentLibraryItemInfo; ftEncryptionMode?: string; guestMonitoringModeInfo?: VirtualMachineGuestMonitoringModeInfo; sevEnabled?: boolean; numaInfo?: VirtualMachineVirtualNumaInfo; pmemFailoverEnabled?: boolean; vmxStatsCollectionEnabled?: boolean; vmOpNotificationToAppEnabled?: boolean; vmOpNotificationTimeout?: number; deviceSwap?: VirtualMachineVirtualDeviceSwap; pmem?: VirtualMachineVirtualPMem; deviceGroups?: VirtualMachineVirtualDeviceGroups; fixedPassthruHotPlugEnabled?: boolean; metroFtEnabled?: boolean; metroFtHostGroup?: string }
export interface VirtualMachineConfigInfoDatastoreUrlPair extends DynamicData { name: string; url: string }
export interface VirtualMachineConfigInfoOverheadInfo extends DynamicData { initialMemoryReservation?: number; initialSwapReservation?: number }
export interface VirtualMachineConfigSpec extends DynamicData { changeVersion?: string; name?: string; version?: string; createDate?: string; uuid?: string; instanceUuid?: string; npivNodeWorldWideName?: readonly number[]; npivPortWorldWideName?: readonly number[]; npivWorldWideNameType?: string; npivDesiredNodeWwns?: number; npivDesiredPortWwns?: number; npivTemporaryDisabled?: boolean; npivOnNonRdmDisks?: boolean; npivWorldWideNameOp?: string; locationId?: string; guestId?: string; alternateGuestName?: string; annotation?: string; files?: VirtualMachineFileInfo; tools?: ToolsConfigInfo; flags?: VirtualMachineFlagInfo; consolePreferences?: VirtualMachineConsolePreferences; powerOpInfo?: VirtualMachineDefaultPowerOpInfo; rebootPowerOff?: boolean; numCPUs?: number; vcpuConfig?: readonly VirtualMachineVcpuConfig[]; numCoresPerSocket?: number; memoryMB?: number; memoryHotAddEnabled?: boolean; cpuHotAddEnabled?: boolean; cpuHotRemoveEnabled?: boolean; virtualICH7MPresent?: boolean; virtualSMCPresent?: boolean; deviceChange?: readonly VirtualDeviceConfigSpec[]; cpuAllocation?: ResourceAllocationInfo; memoryAllocation?: ResourceAllocationInfo; latencySensitivity?: LatencySensitivity; cpuAffinity?: VirtualMachineAffinityInfo; memoryAffinity?: VirtualMachineAffinityInfo; networkShaper?: VirtualMachineNetworkShaperInfo; cpuFeatureMask?: readonly VirtualMachineCpuIdInfoSpec[]; extraConfig?: readonly OptionValue[]; swapPlacement?: string; bootOptions?: VirtualMachineBootOptions; vAppConfig?: VmConfigSpec; ftInfo?: FaultToleranceConfigInfo; repConfig?: ReplicationConfigSpec; vAppConfigRemoved?: boolean; vAssertsEnabled?: boolean; changeTrackingEnabled?: boolean; firmware?: string; maxMksConnections?: number; guestAutoLockEnabled?: boolean; managedBy?: ManagedByInfo; memoryReservationLockedToMax?: boolean; nestedHVEnabled?: boolean; vPMCEnabled?: boolean; scheduledHardwareUpgradeInfo?: ScheduledHardwareUpgradeInfo; vmProfile?: readonly VirtualMachineProfileSpec[]; messageBusTunnelEnabled?: boolean; crypto?: CryptoSpec; migrateEncryption?: string; sgxInfo?: VirtualMachineSgxInfo; ftEncryptionMode?: string; guestMonitoringModeInfo?: VirtualMachineGuestMonitoringModeInfo; sevEnabled?: boolean; virtualNuma?: VirtualMachineVirtualNuma; motherboardLayout?: string; pmemFailoverEnabled?: boolean; vmxStatsCollectionEnabled?: boolean; vmOpNotificationToAppEnabled?: boolean; vmOpNotificationTimeout?: number; deviceSwap?: VirtualMachineVirtualDeviceSwap; simultaneousThreads?: number; pmem?: VirtualMachineVirtualPMem; deviceGroups?: VirtualMachineVirtualDeviceGroups; fixedPassthruHotPlugEnabled?: boolean; metroFtEnabled?: boolean; metroFtHostGroup?: string }
export interface VirtualMachineConfigSummary extends DynamicData { name: string; template: boolean; vmPathName: string; memorySizeMB?: number; cpuReservation?: number; memoryReservation?: number; numCpu?: number; numEthernetCards?: number; numVirtualDisks?: number; uuid?: string; instanceUuid?: string; guestId?: string; guestFullName?: string; annotation?: string; product?: VAppProductInfo; installBootRequired?: boolean; ftInfo?: FaultToleranceConfigInfo; managedBy?: ManagedByInfo; tpmPresent?: boolean; numVmiopBackings?: number; hwVersion?: string }
export type VirtualMachineConnectionState = 'connected' | 'disconnected' | 'orphaned' | 'inaccessible' | 'invalid';
export interface VirtualMachineConsolePreferences extends DynamicData { powerOnWhenOpened?: boolean; enterFullScreenOnPowerOn?: boolean; closeOnPowerOffOrSuspend?: boolean }
export interface VirtualMachineContentLibraryItemInfo extends DynamicData { contentLibraryItemUuid: string; contentLibraryItemVersion?: string }
export interface VirtualMachineCpuIdInfoSpec extends ArrayUpdateSpec { info?: HostCpuIdInfo }
export interface VirtualMachineDefaultPowerOpInfo extends DynamicData { powerOffType?: string; suspendType?: string; resetType?: string; defaultPowerOffType?: string; defaultSuspendType?: string; defaultResetType?: string; standbyAction?: string }
export interface VirtualMachineDeviceRuntimeInfo extends DynamicData { runtimeState: VirtualMachineDeviceRuntimeInfoDeviceRuntimeState; key: number }
export interface VirtualMachineDeviceRuntimeInfoDeviceRuntimeState extends DynamicData {}
export type VirtualMachineFaultToleranceState = 'notConfigured' | 'disabled' | 'enabled' | 'needSecondary' | 'starting' | 'running';
export interface VirtualMachineFeatureRequirement extends DynamicData { key: string; featureName: string; value: string }
export interface VirtualMachineFileInfo extends DynamicData { vmPathName?: string; snapshotDirectory?: string; suspendDirectory?: string; logDirectory?: string; ftMetadataDirectory?: string }
export interface VirtualMachineFileLayout extends DynamicData { configFile?: readonly string[]; logFile?: readonly string[]; disk?: readonly VirtualMachineFileLayoutDiskLayout[]; snapshot?: readonly VirtualMachineFileLayoutSnapshotLayout[]; swapFile?: string }
export interface VirtualMachineFileLayoutDiskLayout extends DynamicData { key: number; diskFile: readonly string[] }
export interface VirtualMachineFileLayoutEx extends DynamicData { file?: readonly VirtualMachineFileLayoutExFileInfo[]; disk?: readonly VirtualMachineFileLayoutExDiskLayout[]; snapshot?: readonly VirtualMachineFileLayoutExSnapshotLayout[]; timestamp: string }
export interface VirtualMachineFileLayoutExDiskLayout extends DynamicData { key: number; chain?: readonly VirtualMachineFileLayoutExDiskUnit[] }
export interface VirtualMachineFileLayoutExDiskUnit extends DynamicData { fileKey: readonly number[] }
export interface VirtualMachineFileLayoutExFileInfo extends DynamicData { key: number; name: string; type: string; size: number; uniqueSize?: number; backingObjectId?: string; accessible?: boolean }
export interface VirtualMachineFileLayoutExSnapshotLayout extends DynamicData { key: MoRef<'VirtualMachineSnapshot'>; dataKey: number; memoryKey: number; disk?: readonly VirtualMachineFileLayoutExDiskLayout[] }
export interface VirtualMachineFileLayoutSnapshotLayout extends DynamicData { key: MoRef<'VirtualMachineSnapshot'>; snapshotFile: readonly string[] }
export interface VirtualMachineFlagInfo extends DynamicData { disableAcceleration?: boolean; enableLogging?: boolean; useToe?: boolean; runWithDebugInfo?: boolean; monitorType?: string; htSharing?: string; snapshotDisabled?: boolean; snapshotLocked?: boolean; diskUuidEnabled?: boolean; virtualMmuUsage?: string; virtualExecUsage?: string; snapshotPowerOffBehavior?: string; recordReplayEnabled?: boolean; faultToleranceType?: string; cbrcCacheEnabled?: boolean; vvtdEnabled?: boolean; vbsEnabled?: boolean }
export interface VirtualMachineForkConfigInfo extends DynamicData { parentEnabled?: boolean; childForkGroupId?: string; parentForkGroupId?: string; childType?: string }
export interface VirtualMachineGuestIntegrityInfo extends DynamicData { enabled?: boolean }
export interface VirtualMachineGuestMonitoringModeInfo extends DynamicData { gmmFile?: string; gmmAppliance?: string }
export interface VirtualMachineGuestQuiesceSpec extends DynamicData { timeout?: number }
export interface VirtualMachineGuestSummary extends DynamicData { guestId?: string; guestFullName?: string; toolsStatus?: VirtualMachineToolsStatus; toolsVersionStatus?: string; toolsVersionStatus2?: string; toolsRunningStatus?: string; hostName?: string; ipAddress?: string; hwVersion?: string }
export interface VirtualMachineMessage extends DynamicData { id: string; argument?: readonly unknown[]; text?: string }
export interface VirtualMachineNetworkShaperInfo extends DynamicData { enabled?: boolean; peakBps?: number; averageBps?: number; burstSize?: number }
export type VirtualMachinePowerState = 'poweredOff' | 'poweredOn' | 'suspended';
export interface VirtualMachineProfileSpec extends DynamicData {}
export interface VirtualMachineQuestionInfo extends DynamicData { id: string; text: string; choice: ChoiceOption; message?: readonly VirtualMachineMessage[] }
export interface VirtualMachineQuickStats extends DynamicData { overallCpuUsage?: number; overallCpuDemand?: number; overallCpuReadiness?: number; guestMemoryUsage?: number; hostMemoryUsage?: number; guestHeartbeatStatus: ManagedEntityStatus; distributedCpuEntitlement?: number; distributedMemoryEntitlement?: number; staticCpuEntitlement?: number; staticMemoryEntitlement?: number; grantedMemory?: number; privateMemory?: number; sharedMemory?: number; swappedMemory?: number; balloonedMemory?: number; consumedOverheadMemory?: number; ftLogBandwidth?: number; ftSecondaryLatency?: number; ftLatencyStatus?: ManagedEntityStatus; compressedMemory?: number; uptimeSeconds?: number; ssdSwappedMemory?: number; activeMemory?: number; memoryTierStats?: readonly VirtualMachineQuickStatsMemoryTierStats[] }
export interface VirtualMachineQuickStatsMemoryTierStats extends DynamicData { memoryTierType: string; readBandwidth: number }
export type VirtualMachineRecordReplayState = 'recording' | 'replaying' | 'inactive';
export interface VirtualMachineRuntimeInfo extends DynamicData { device?: readonly VirtualMachineDeviceRuntimeInfo[]; host?: MoRef<'HostSystem'>; connectionState: VirtualMachineConnectionState; powerState: VirtualMachinePowerState; vmFailoverInProgress?: boolean; faultToleranceState: VirtualMachineFaultToleranceState; dasVmProtection?: VirtualMachineRuntimeInfoDasProtectionState; toolsInstallerMounted: boolean; suspendTime?: string; bootTime?: string; suspendInterval?: number; question?: VirtualMachineQuestionInfo; memoryOverhead?: number; maxCpuUsage?: number; maxMemoryUsage?: number; numMksConnections: number; recordReplayState: VirtualMachineRecordReplayState; cleanPowerOff?: boolean; needSecondaryReason?: string; onlineStandby: boolean; minRequiredEVCModeKey?: string; consolidationNeeded: boolean; offlineFeatureRequirement?: readonly VirtualMachineFeatureRequirement[]; featureRequirement?: readonly VirtualMachineFeatureRequirement[]; featureMask?: readonly HostFeatureMask[]; vFlashCacheAllocation?: number; paused?: boolean; snapshotInBackground?: boolean; quiescedForkParent?: boolean; instantCloneFrozen?: boolean; cryptoState?: string; suspendedToMemory?: boolean; opNotificationTimeout?: number; iommuActive?: boolean }
export interface VirtualMachineRuntimeInfoDasProtectionState extends DynamicData { dasProtected: boolean }
export interface VirtualMachineSgxInfo extends DynamicData { epcSize: number; flcMode?: string; lePubKeyHash?: string; requireAttestation?: boolean }
export interface VirtualMachineSnapshotInfo extends DynamicData { currentSnapshot?: MoRef<'VirtualMachineSnapshot'>; rootSnapshotList: readonly VirtualMachineSnapshotTree[] }
export interface VirtualMachineSnapshotTree extends DynamicData { snapshot: MoRef<'VirtualMachineSnapshot'>; vm: MoRef<'VirtualMachine'>; name: string; description: string; id: number; createTime: string; state: VirtualMachinePowerState; quiesced: boolean; backupManifest?: string; childSnapshotList?: readonly VirtualMachineSnapshotTree[]; replaySupported?: boolean }
export interface VirtualMachineStorageInfo extends DynamicData { perDatastoreUsage?: readonly VirtualMachineUsageOnDatastore[]; timestamp: string }
export interface VirtualMachineStorageSummary extends DynamicData { committed: number; uncommitted: number; unshared: number; timestamp: string }
export interface VirtualMachineSummary extends DynamicData { vm?: MoRef<'VirtualMachine'>; runtime: VirtualMachineRuntimeInfo; guest?: VirtualMachineGuestSummary; config: VirtualMachineConfigSummary; storage?: VirtualMachineStorageSummary; quickStats: VirtualMachineQuickStats; overallStatus: ManagedEntityStatus; customValue?: readonly CustomFieldValue[] }
export type VirtualMachineToolsStatus = 'toolsNotInstalled' | 'toolsNotRunning' | 'toolsOld' | 'toolsOk';
export interface VirtualMachineUsageOnDatastore extends DynamicData { datastore: MoRef<'Datastore'>; committed: number; uncommitted: number; unshared: number }
export interface VirtualMachineVMCIDevice extends VirtualDevice { id?: number; allowUnrestrictedCommunication?: boolean; filterEnable?: boolean; filterInfo?: VirtualMachineVMCIDeviceFilterInfo }
export interface VirtualMachineVMCIDeviceFilterInfo extends DynamicData { filters?: readonly VirtualMachineVMCIDeviceFilterSpec[] }
export interface VirtualMachineVMCIDeviceFilterSpec extends DynamicData { rank: number; action: string; protocol: string; direction: string; lowerDstPortBoundary?: number; upperDstPortBoundary?: number }
export interface VirtualMachineVMIROM extends VirtualDevice {}
export interface VirtualMachineVcpuConfig extends DynamicData { latencySensitivity?: LatencySensitivity }
export interface VirtualMachineVideoCard extends VirtualDevice { videoRamSizeInKB?: number; numDisplays?: number; useAutoDetect?: boolean; enable3DSupport?: boolean; use3dRenderer?: string; graphicsMemorySizeInKB?: number }
export interface VirtualMachineVirtualDeviceGroups extends DynamicData { deviceGroup?: readonly VirtualMachineVirtualDeviceGroupsDeviceGroup[] }
export interface VirtualMachineVirtualDeviceGroupsDeviceGroup extends DynamicData { groupInstanceKey: number; deviceInfo?: Description }
export interface VirtualMachineVirtualDeviceSwap extends DynamicData { lsiToPvscsi?: VirtualMachineVirtualDeviceSwapDeviceSwapInfo }
export interface VirtualMachineVirtualDeviceSwapDeviceSwapInfo extends DynamicData { enabled?: boolean; applicable?: boolean; status?: string }
export interface VirtualMachineVirtualNuma extends DynamicData { coresPerNumaNode?: number; exposeVnumaOnCpuHotadd?: boolean }
export interface VirtualMachineVirtualNumaInfo extends DynamicData { coresPerNumaNode?: number; autoCoresPerNumaNode?: boolean; vnumaOnCpuHotaddExposed?: boolean }
export interface VirtualMachineVirtualPMem extends DynamicData { snapshotMode?: string }
export interface VirtualMachineWindowsQuiesceSpec extends VirtualMachineGuestQuiesceSpec { vssBackupType?: number; vssBootableSystemState?: boolean; vssPartialFileSupport?: boolean; vssBackupContext?: string }
export interface VirtualNVDIMM extends VirtualDevice { capacityInMB: number; configuredCapacityInMB?: number }
export interface VirtualNVDIMMBackingInfo extends VirtualDeviceFileBackingInfo { parent?: VirtualNVDIMMBackingInfo; changeId?: string }
export interface VirtualNVDIMMController extends VirtualController {}
export interface VirtualNVMEController extends VirtualController { sharedBus?: string }
export interface VirtualPCIController extends VirtualController {}
export interface VirtualPCIPassthrough extends VirtualDevice {}
export interface VirtualPCIPassthroughAllowedDevice extends DynamicData { vendorId: number; deviceId: number; subVendorId?: number; subDeviceId?: number; revisionId?: number }
export interface VirtualPCIPassthroughDeviceBackingInfo extends VirtualDeviceDeviceBackingInfo { id: string; deviceId: string; systemId: string; vendorId: number }
export interface VirtualPCIPassthroughDvxBackingInfo extends VirtualDeviceBackingInfo { deviceClass?: string; configParams?: readonly OptionValue[] }
export interface VirtualPCIPassthroughDynamicBackingInfo extends VirtualDeviceDeviceBackingInfo { allowedDevice?: readonly VirtualPCIPassthroughAllowedDevice[]; customLabel?: string; assignedId?: string }
export interface VirtualPCIPassthroughPluginBackingInfo extends VirtualDeviceBackingInfo {}
export interface VirtualPCIPassthroughVmiopBackingInfo extends VirtualPCIPassthroughPluginBackingInfo { vgpu?: string; vgpuMigrateDataSizeMB?: number; migrateSupported?: boolean; enhancedMigrateCapability?: boolean }
export interface VirtualPCNet32 extends VirtualEthernetCard {}
export interface VirtualPS2Controller extends VirtualController {}
export interface VirtualParallelPort extends VirtualDevice {}
export interface VirtualParallelPortDeviceBackingInfo extends VirtualDeviceDeviceBackingInfo {}
export interface VirtualParallelPortFileBackingInfo extends VirtualDeviceFileBackingInfo {}
export interface VirtualPointingDevice extends VirtualDevice {}
export interface VirtualPointingDeviceDeviceBackingInfo extends VirtualDeviceDeviceBackingInfo { hostPointingDevice: string }
export interface VirtualPrecisionClock extends VirtualDevice {}
export interface VirtualPrecisionClockSystemClockBackingInfo extends VirtualDeviceBackingInfo { protocol?: string }
export interface VirtualSATAController extends VirtualController {}
export interface VirtualSCSIController extends VirtualController { hotAddRemove?: boolean; sharedBus: VirtualSCSISharing; scsiCtlrUnitNumber?: number }
export interface VirtualSCSIPassthrough extends VirtualDevice {}
export interface VirtualSCSIPassthroughDeviceBackingInfo extends VirtualDeviceDeviceBackingInfo {}
export type VirtualSCSISharing = 'noSharing' | 'virtualSharing' | 'physicalSharing';
export interface VirtualSIOController extends VirtualController {}
export interface VirtualSerialPort extends VirtualDevice { yieldOnPoll: boolean }
export interface VirtualSerialPortDeviceBackingInfo extends VirtualDeviceDeviceBackingInfo {}
export interface VirtualSerialPortFileBackingInfo extends VirtualDeviceFileBackingInfo {}
export interface VirtualSerialPortPipeBackingInfo extends VirtualDevicePipeBackingInfo { endpoint: string; noRxLoss?: boolean }
export interface VirtualSerialPortThinPrintBackingInfo extends VirtualDeviceBackingInfo {}
export interface VirtualSerialPortURIBackingInfo extends VirtualDeviceURIBackingInfo {}
export interface VirtualSoundBlaster16 extends VirtualSoundCard {}
export interface VirtualSoundCard extends VirtualDevice {}
export interface VirtualSoundCardDeviceBackingInfo extends VirtualDeviceDeviceBackingInfo {}
export interface VirtualSriovEthernetCard extends VirtualEthernetCard { allowGuestOSMtuChange?: boolean; sriovBacking?: VirtualSriovEthernetCardSriovBackingInfo; dvxBackingInfo?: VirtualPCIPassthroughDvxBackingInfo }
export interface VirtualSriovEthernetCardSriovBackingInfo extends VirtualDeviceBackingInfo { physicalFunctionBacking?: VirtualPCIPassthroughDeviceBackingInfo; virtualFunctionBacking?: VirtualPCIPassthroughDeviceBackingInfo; virtualFunctionIndex?: number }
export interface VirtualTPM extends VirtualDevice { endorsementKeyCertificateSigningRequest?: readonly string[]; endorsementKeyCertificate?: readonly string[] }
export interface VirtualUSB extends VirtualDevice { connected: boolean; vendor?: number; product?: number; family?: readonly string[]; speed?: readonly string[] }
export interface VirtualUSBController extends VirtualController { autoConnectDevices?: boolean; ehciEnabled?: boolean }
export interface VirtualUSBRemoteClientBackingInfo extends VirtualDeviceRemoteDeviceBackingInfo { hostname: string }
export interface VirtualUSBRemoteHostBackingInfo extends VirtualDeviceDeviceBackingInfo { hostname: string }
export interface VirtualUSBUSBBackingInfo extends VirtualDeviceDeviceBackingInfo {}
export interface VirtualUSBXHCIController extends VirtualController { autoConnectDevices?: boolean }
export interface VirtualVmxnet extends VirtualEthernetCard {}
export interface VirtualVmxnet2 extends VirtualVmxnet {}
export interface VirtualVmxnet3 extends VirtualVmxnet { uptv2Enabled?: boolean }
export interface VirtualVmxnet3Vrdma extends VirtualVmxnet3 { deviceProtocol?: string }
export interface VirtualWDT extends VirtualDevice { runOnBoot: boolean; running: boolean }
export interface VmConfigFault extends VimFault {}
export interface VmConfigInfo extends DynamicData { product?: readonly VAppProductInfo[]; property?: readonly VAppPropertyInfo[]; ipAssignment: VAppIPAssignmentInfo; eula?: readonly string[]; ovfSection?: readonly VAppOvfSectionInfo[]; ovfEnvironmentTransport?: readonly string[]; installBootRequired: boolean; installBootStopDelay: number }
export interface VmConfigSpec extends DynamicData { product?: readonly VAppProductSpec[]; property?: readonly VAppPropertySpec[]; ipAssignment?: VAppIPAssignmentInfo; eula?: readonly string[]; ovfSection?: readonly VAppOvfSectionSpec[]; ovfEnvironmentTransport?: readonly string[]; installBootRequired?: boolean; installBootStopDelay?: number }
export interface VmFaultToleranceTooManyFtVcpusOnHost extends InsufficientResourcesFault { hostName?: string; maxNumFtVcpus: number }
export interface VmFaultToleranceTooManyVMsOnHost extends InsufficientResourcesFault { hostName?: string; maxNumFtVms: number }
export interface VmLimitLicense extends NotEnoughLicenses { limit: number }
export interface VmPowerOnDisabled extends InvalidState {}
export interface VmSmpFaultToleranceTooManyVMsOnHost extends InsufficientResourcesFault { hostName?: string; maxNumSmpFtVms: number }
export interface VmfsDatastoreInfo extends DatastoreInfo { maxPhysicalRDMFileSize: number; maxVirtualRDMFileSize: number; vmfs?: HostVmfsVolume }
export interface VmfsUnmapBandwidthSpec extends DynamicData { policy: string; fixedValue: number; dynamicMin: number; dynamicMax: number }
export interface VmwareDistributedVirtualSwitchPvlanSpec extends VmwareDistributedVirtualSwitchVlanSpec { pvlanId: number }
export interface VmwareDistributedVirtualSwitchTrunkVlanSpec extends VmwareDistributedVirtualSwitchVlanSpec { vlanId?: readonly NumericRange[] }
export interface VmwareDistributedVirtualSwitchVlanIdSpec extends VmwareDistributedVirtualSwitchVlanSpec { vlanId: number }
export interface VmwareDistributedVirtualSwitchVlanSpec extends InheritablePolicy {}
export interface VmwareUplinkPortTeamingPolicy extends InheritablePolicy { policy?: StringPolicy; reversePolicy?: BoolPolicy; notifySwitches?: BoolPolicy; rollingOrder?: BoolPolicy; failureCriteria?: DVSFailureCriteria; uplinkPortOrder?: VMwareUplinkPortOrderPolicy }
export interface VramLimitLicense extends NotEnoughLicenses { limit: number }
export interface VsanDatastoreInfo extends DatastoreInfo { membershipUuid?: string; accessGenNo?: number }
export interface VsanHostMembershipInfo extends DynamicData { nodeUuid: string; hostname: string }
export interface VsanHostRuntimeInfo extends DynamicData { membershipList?: readonly VsanHostMembershipInfo[]; diskIssues?: readonly VsanHostRuntimeInfoDiskIssue[]; accessGenNo?: number }
export interface VsanHostRuntimeInfoDiskIssue extends DynamicData { diskId: string; issue: string }
export interface VvolDatastoreInfo extends DatastoreInfo { vvolDS?: HostVvolVolume }
export interface WaitOptions extends DynamicData { maxWaitSeconds?: number; maxObjectUpdates?: number }

/** All data types by their name. */
export interface DataTypes {
  AboutInfo: AboutInfo;
  AlreadyExists: AlreadyExists;
  ApplicationQuiesceFault: ApplicationQuiesceFault;
  ArrayUpdateSpec: ArrayUpdateSpec;
  AuthorizationPrivilege: AuthorizationPrivilege;
  AuthorizationRole: AuthorizationRole;
  BoolPolicy: BoolPolicy;
  CannotAccessFile: CannotAccessFile;
  CannotAccessVmComponent: CannotAccessVmComponent;
  CannotAccessVmDevice: CannotAccessVmDevice;
  CannotAccessVmDisk: CannotAccessVmDisk;
  CannotCreateFile: CannotCreateFile;
  CannotDeleteFile: CannotDeleteFile;
  CannotDisableDrsOnClustersWithVApps: CannotDisableDrsOnClustersWithVApps;
  CannotPowerOffVmInCluster: CannotPowerOffVmInCluster;
  Capability: Capability;
  ChoiceOption: ChoiceOption;
  ClusterComputeResourceSummary: ClusterComputeResourceSummary;
  ClusterComputeResourceVcsSlots: ClusterComputeResourceVcsSlots;
  ClusterDasAdmissionControlInfo: ClusterDasAdmissionControlInfo;
  ClusterDasData: ClusterDasData;
  ClusterDasFdmHostState: ClusterDasFdmHostState;
  ClusterUsageSummary: ClusterUsageSummary;
  ComputeResourceHostSPBMLicenseInfo: ComputeResourceHostSPBMLicenseInfo;
  ComputeResourceSummary: ComputeResourceSummary;
  ConcurrentAccess: ConcurrentAccess;
  ConflictingDatastoreFound: ConflictingDatastoreFound;
  CryptoKeyId: CryptoKeyId;
  CryptoSpec: CryptoSpec;
  CustomFieldValue: CustomFieldValue;
  DVPortSetting: DVPortSetting;
  DVPortgroupConfigInfo: DVPortgroupConfigInfo;
  DVPortgroupPolicy: DVPortgroupPolicy;
  DVSContactInfo: DVSContactInfo;
  DVSFailureCriteria: DVSFailureCriteria;
  DVSMacLearningPolicy: DVSMacLearningPolicy;
  DVSMacManagementPolicy: DVSMacManagementPolicy;
  DVSSecurityPolicy: DVSSecurityPolicy;
  DVSSummary: DVSSummary;
  DVSTrafficShapingPolicy: DVSTrafficShapingPolicy;
  DVSVendorSpecificConfig: DVSVendorSpecificConfig;
  DatabaseError: DatabaseError;
  DatastoreCapability: DatastoreCapability;
  DatastoreHostMount: DatastoreHostMount;
  DatastoreInfo: DatastoreInfo;
  DatastoreNotWritableOnHost: DatastoreNotWritableOnHost;
  DatastoreSummary: DatastoreSummary;
  Description: Description;
  DirectoryNotEmpty: DirectoryNotEmpty;
  DisallowedChangeByService: DisallowedChangeByService;
  DisallowedOperationOnFailoverHost: DisallowedOperationOnFailoverHost;
  DiskChangeExtent: DiskChangeExtent;
  DiskChangeInfo: DiskChangeInfo;
  DistributedVirtualSwitchKeyedOpaqueBlob: DistributedVirtualSwitchKeyedOpaqueBlob;
  DistributedVirtualSwitchPortConnection: DistributedVirtualSwitchPortConnection;
  DistributedVirtualSwitchProductSpec: DistributedVirtualSwitchProductSpec;
  DpuStatusInfo: DpuStatusInfo;
  DpuStatusInfoOperationalInfo: DpuStatusInfoOperationalInfo;
  DuplicateName: DuplicateName;
  DvsFilterConfig: DvsFilterConfig;
  DvsFilterParameter: DvsFilterParameter;
  DvsFilterPolicy: DvsFilterPolicy;
  DynamicData: DynamicData;
  DynamicProperty: DynamicProperty;
  EVCMode: EVCMode;
  ElementDescription: ElementDescription;
  EncryptionKeyRequired: EncryptionKeyRequired;
  EntityPrivilege: EntityPrivilege;
  ExpiredAddonLicense: ExpiredAddonLicense;
  ExpiredEditionLicense: ExpiredEditionLicense;
  ExpiredFeatureLicense: ExpiredFeatureLicense;
  FailToEnableSPBM: FailToEnableSPBM;
  FailToLockFaultToleranceVMs: FailToLockFaultToleranceVMs;
  FaultToleranceConfigInfo: FaultToleranceConfigInfo;
  FeatureEVCMode: FeatureEVCMode;
  FileAlreadyExists: FileAlreadyExists;
  FileFault: FileFault;
  FileLocked: FileLocked;
  FileNameTooLong: FileNameTooLong;
  FileNotFound: FileNotFound;
  FileNotWritable: FileNotWritable;
  FileTooLarge: FileTooLarge;
  FilesystemQuiesceFault: FilesystemQuiesceFault;
  FilterInUse: FilterInUse;
  GenericVmConfigFault: GenericVmConfigFault;
  GuestDiskInfo: GuestDiskInfo;
  GuestInfo: GuestInfo;
  GuestInfoCustomizationInfo: GuestInfoCustomizationInfo;
  GuestInfoNamespaceGenerationInfo: GuestInfoNamespaceGenerationInfo;
  GuestInfoVirtualDiskMapping: GuestInfoVirtualDiskMapping;
  GuestNicInfo: GuestNicInfo;
  GuestScreenInfo: GuestScreenInfo;
  GuestStackInfo: GuestStackInfo;
  HealthSystemRuntime: HealthSystemRuntime;
  HostAccessRestrictedToManagementServer: HostAccessRestrictedToManagementServer;
  HostCommunication: HostCommunication;
  HostConfigSummary: HostConfigSummary;
  HostConnectFault: HostConnectFault;
  HostCpuIdInfo: HostCpuIdInfo;
  HostDigestInfo: HostDigestInfo;
  HostFeatureCapability: HostFeatureCapability;
  HostFeatureMask: HostFeatureMask;
  HostFeatureVersionInfo: HostFeatureVersionInfo;
  HostFileSystemVolume: HostFileSystemVolume;
  HostForceMountedInfo: HostForceMountedInfo;
  HostFru: HostFru;
  HostHardwareElementInfo: HostHardwareElementInfo;
  HostHardwareStatusInfo: HostHardwareStatusInfo;
  HostHardwareSummary: HostHardwareSummary;
  HostInventoryFull: HostInventoryFull;
  HostListSummary: HostListSummary;
  HostListSummaryGatewaySummary: HostListSummaryGatewaySummary;
  HostListSummaryQuickStats: HostListSummaryQuickStats;
  HostMountInfo: HostMountInfo;
  HostNasVolume: HostNasVolume;
  HostNetworkResourceRuntime: HostNetworkResourceRuntime;
  HostNotConnected: HostNotConnected;
  HostNotReachable: HostNotReachable;
  HostNumericSensorInfo: HostNumericSensorInfo;
  HostPMemVolume: HostPMemVolume;
  HostPartialMaintenanceModeRuntimeInfo: HostPartialMaintenanceModeRuntimeInfo;
  HostPlacedVirtualNicIdentifier: HostPlacedVirtualNicIdentifier;
  HostPnicNetworkResourceInfo: HostPnicNetworkResourceInfo;
  HostProtocolEndpoint: HostProtocolEndpoint;
  HostRuntimeInfo: HostRuntimeInfo;
  HostRuntimeInfoNetStackInstanceRuntimeInfo: HostRuntimeInfoNetStackInstanceRuntimeInfo;
  HostRuntimeInfoNetworkRuntimeInfo: HostRuntimeInfoNetworkRuntimeInfo;
  HostRuntimeInfoStateEncryptionInfo: HostRuntimeInfoStateEncryptionInfo;
  HostScsiDiskPartition: HostScsiDiskPartition;
  HostStorageElementInfo: HostStorageElementInfo;
  HostStorageOperationalInfo: HostStorageOperationalInfo;
  HostSystemHealthInfo: HostSystemHealthInfo;
  HostSystemIdentificationInfo: HostSystemIdentificationInfo;
  HostTpmAttestationInfo: HostTpmAttestationInfo;
  HostTpmDigestInfo: HostTpmDigestInfo;
  HostTrustAuthorityAttestationInfo: HostTrustAuthorityAttestationInfo;
  HostVFlashManagerVFlashResourceRunTimeInfo: HostVFlashManagerVFlashResourceRunTimeInfo;
  HostVmfsVolume: HostVmfsVolume;
  HostVvolNQN: HostVvolNQN;
  HostVvolVolume: HostVvolVolume;
  HostVvolVolumeHostVvolNQN: HostVvolVolumeHostVvolNQN;
  ID: ID;
  InUseFeatureManipulationDisallowed: InUseFeatureManipulationDisallowed;
  InaccessibleDatastore: InaccessibleDatastore;
  InaccessibleFTMetadataDatastore: InaccessibleFTMetadataDatastore;
  IncompatibleSetting: IncompatibleSetting;
  IncorrectFileType: IncorrectFileType;
  IncorrectHostInformation: IncorrectHostInformation;
  InheritablePolicy: InheritablePolicy;
  InsufficientAgentVmsDeployed: InsufficientAgentVmsDeployed;
  InsufficientCpuResourcesFault: InsufficientCpuResourcesFault;
  InsufficientFailoverResourcesFault: InsufficientFailoverResourcesFault;
  InsufficientGraphicsResourcesFault: InsufficientGraphicsResourcesFault;
  InsufficientHostCapacityFault: InsufficientHostCapacityFault;
  InsufficientHostCpuCapacityFault: InsufficientHostCpuCapacityFault;
  InsufficientHostMemoryCapacityFault: InsufficientHostMemoryCapacityFault;
  InsufficientMemoryResourcesFault: InsufficientMemoryResourcesFault;
  InsufficientNetworkCapacity: InsufficientNetworkCapacity;
  InsufficientNetworkResourcePoolCapacity: InsufficientNetworkResourcePoolCapacity;
  InsufficientPerCpuCapacity: InsufficientPerCpuCapacity;
  InsufficientResourcesFault: InsufficientResourcesFault;
  InsufficientStandbyCpuResource: InsufficientStandbyCpuResource;
  InsufficientStandbyMemoryResource: InsufficientStandbyMemoryResource;
  InsufficientStandbyResource: InsufficientStandbyResource;
  InsufficientStorageSpace: InsufficientStorageSpace;
  InsufficientVFlashResourcesFault: InsufficientVFlashResourcesFault;
  IntPolicy: IntPolicy;
  InvalidArgument: InvalidArgument;
  InvalidClientCertificate: InvalidClientCertificate;
  InvalidCollectorVersion: InvalidCollectorVersion;
  InvalidDasConfigArgument: InvalidDasConfigArgument;
  InvalidDasRestartPriorityForFtVm: InvalidDasRestartPriorityForFtVm;
  InvalidDatastore: InvalidDatastore;
  InvalidDatastorePath: InvalidDatastorePath;
  InvalidDatastoreState: InvalidDatastoreState;
  InvalidDrsBehaviorForFtVm: InvalidDrsBehaviorForFtVm;
  InvalidEditionLicense: InvalidEditionLicense;
  InvalidHostConnectionState: InvalidHostConnectionState;
  InvalidHostState: InvalidHostState;
  InvalidIndexArgument: InvalidIndexArgument;
  InvalidLocale: InvalidLocale;
  InvalidLogin: InvalidLogin;
  InvalidName: InvalidName;
  InvalidPowerState: InvalidPowerState;
  InvalidPrivilege: InvalidPrivilege;
  InvalidProfileReferenceHost: InvalidProfileReferenceHost;
  InvalidProperty: InvalidProperty;
  InvalidRequest: InvalidRequest;
  InvalidResourcePoolStructureFault: InvalidResourcePoolStructureFault;
  InvalidScheduledTask: InvalidScheduledTask;
  InvalidState: InvalidState;
  InvalidType: InvalidType;
  InvalidVmConfig: InvalidVmConfig;
  InvalidVmState: InvalidVmState;
  InventoryHasStandardAloneHosts: InventoryHasStandardAloneHosts;
  KeyAnyValue: KeyAnyValue;
  KeyProviderId: KeyProviderId;
  KeyValue: KeyValue;
  LatencySensitivity: LatencySensitivity;
  LicenseAssignmentFailed: LicenseAssignmentFailed;
  LicenseDowngradeDisallowed: LicenseDowngradeDisallowed;
  LicenseExpired: LicenseExpired;
  LicenseKeyEntityMismatch: LicenseKeyEntityMismatch;
  LicenseRestricted: LicenseRestricted;
  LicenseSource: LicenseSource;
  LicenseSourceUnavailable: LicenseSourceUnavailable;
  LimitExceeded: LimitExceeded;
  LocalDatastoreInfo: LocalDatastoreInfo;
  LocalizableMessage: LocalizableMessage;
  LocalizedMethodFault: LocalizedMethodFault;
  LongPolicy: LongPolicy;
  ManagedByInfo: ManagedByInfo;
  ManagedObjectNotFound: ManagedObjectNotFound;
  MemorySnapshotOnIndependentDisk: MemorySnapshotOnIndependentDisk;
  MethodAlreadyDisabledFault: MethodAlreadyDisabledFault;
  MethodDisabled: MethodDisabled;
  MethodFault: MethodFault;
  MethodNotFound: MethodNotFound;
  MigrationFault: MigrationFault;
  MissingObject: MissingObject;
  MissingProperty: MissingProperty;
  MksConnectionLimitReached: MksConnectionLimitReached;
  MultipleSnapshotsNotSupported: MultipleSnapshotsNotSupported;
  NasDatastoreInfo: NasDatastoreInfo;
  NetBIOSConfigInfo: NetBIOSConfigInfo;
  NetDhcpConfigInfo: NetDhcpConfigInfo;
  NetDhcpConfigInfoDhcpOptions: NetDhcpConfigInfoDhcpOptions;
  NetDnsConfigInfo: NetDnsConfigInfo;
  NetIpConfigInfo: NetIpConfigInfo;
  NetIpConfigInfoIpAddress: NetIpConfigInfoIpAddress;
  NetIpRouteConfigInfo: NetIpRouteConfigInfo;
  NetIpRouteConfigInfoGateway: NetIpRouteConfigInfoGateway;
  NetIpRouteConfigInfoIpRoute: NetIpRouteConfigInfoIpRoute;
  NetworkCopyFault: NetworkCopyFault;
  NetworkSummary: NetworkSummary;
  NoActiveHostInCluster: NoActiveHostInCluster;
  NoClientCertificate: NoClientCertificate;
  NoDiskFound: NoDiskFound;
  NoDiskSpace: NoDiskSpace;
  NoLicenseServerConfigured: NoLicenseServerConfigured;
  NoPermission: NoPermission;
  NoPermissionEntityPrivileges: NoPermissionEntityPrivileges;
  NotADirectory: NotADirectory;
  NotAFile: NotAFile;
  NotAuthenticated: NotAuthenticated;
  NotEnoughLicenses: NotEnoughLicenses;
  NotFound: NotFound;
  NotImplemented: NotImplemented;
  NotSupported: NotSupported;
  NumVirtualCpusExceedsLimit: NumVirtualCpusExceedsLimit;
  NumericRange: NumericRange;
  ObjectContent: ObjectContent;
  ObjectSpec: ObjectSpec;
  ObjectUpdate: ObjectUpdate;
  OpaqueNetworkCapability: OpaqueNetworkCapability;
  OpaqueNetworkSummary: OpaqueNetworkSummary;
  OperationDisallowedOnHost: OperationDisallowedOnHost;
  OptionType: OptionType;
  OptionValue: OptionValue;
  OutOfBounds: OutOfBounds;
  OvfConsumerPowerOnFault: OvfConsumerPowerOnFault;
  PMemDatastoreInfo: PMemDatastoreInfo;
  ParaVirtualSCSIController: ParaVirtualSCSIController;
  PasswordExpired: PasswordExpired;
  PowerOnFtSecondaryTimedout: PowerOnFtSecondaryTimedout;
  PrivilegeAvailability: PrivilegeAvailability;
  PropertyChange: PropertyChange;
  PropertyFilterSpec: PropertyFilterSpec;
  PropertyFilterUpdate: PropertyFilterUpdate;
  PropertySpec: PropertySpec;
  QuestionPending: QuestionPending;
  QuiesceDatastoreIOForHAFailed: QuiesceDatastoreIOForHAFailed;
  ReplicationConfigSpec: ReplicationConfigSpec;
  ReplicationInfoDiskSettings: ReplicationInfoDiskSettings;
  RequestCanceled: RequestCanceled;
  ResourceAllocationInfo: ResourceAllocationInfo;
  ResourceConfigSpec: ResourceConfigSpec;
  ResourceInUse: ResourceInUse;
  ResourceNotAvailable: ResourceNotAvailable;
  RestrictedByAdministrator: RestrictedByAdministrator;
  RestrictedVersion: RestrictedVersion;
  RetrieveOptions: RetrieveOptions;
  RetrieveResult: RetrieveResult;
  RuntimeFault: RuntimeFault;
  ScheduledHardwareUpgradeInfo: ScheduledHardwareUpgradeInfo;
  SecurityError: SecurityError;
  SelectionSpec: SelectionSpec;
  ServiceContent: ServiceContent;
  SharesInfo: SharesInfo;
  SnapshotDisabled: SnapshotDisabled;
  SnapshotFault: SnapshotFault;
  SnapshotIncompatibleDeviceInVm: SnapshotIncompatibleDeviceInVm;
  SnapshotLocked: SnapshotLocked;
  SnapshotNoChange: SnapshotNoChange;
  SnapshotSelectionSpec: SnapshotSelectionSpec;
  SolutionUserRequired: SolutionUserRequired;
  StorageIOAllocationInfo: StorageIOAllocationInfo;
  StoragePodSummary: StoragePodSummary;
  StringPolicy: StringPolicy;
  SwapDatastoreNotWritableOnHost: SwapDatastoreNotWritableOnHost;
  SystemError: SystemError;
  Tag: Tag;
  TaskInProgress: TaskInProgress;
  TaskInfo: TaskInfo;
  TaskReason: TaskReason;
  TaskReasonAlarm: TaskReasonAlarm;
  TaskReasonSchedule: TaskReasonSchedule;
  TaskReasonSystem: TaskReasonSystem;
  TaskReasonUser: TaskReasonUser;
  ThirdPartyLicenseAssignmentFailed: ThirdPartyLicenseAssignmentFailed;
  Timedout: Timedout;
  TooManyConcurrentNativeClones: TooManyConcurrentNativeClones;
  TooManyNativeCloneLevels: TooManyNativeCloneLevels;
  TooManyNativeClonesOnFile: TooManyNativeClonesOnFile;
  TooManySnapshotLevels: TooManySnapshotLevels;
  ToolsConfigInfo: ToolsConfigInfo;
  ToolsConfigInfoToolsLastInstallInfo: ToolsConfigInfoToolsLastInstallInfo;
  ToolsUnavailable: ToolsUnavailable;
  TraversalSpec: TraversalSpec;
  UnexpectedFault: UnexpectedFault;
  UnsupportedVimApiVersion: UnsupportedVimApiVersion;
  UpdateSet: UpdateSet;
  UserNotFound: UserNotFound;
  UserPrivilegeResult: UserPrivilegeResult;
  UserSession: UserSession;
  VASAStorageArray: VASAStorageArray;
  VASAStorageArrayDiscoveryFcTransport: VASAStorageArrayDiscoveryFcTransport;
  VASAStorageArrayDiscoveryIpTransport: VASAStorageArrayDiscoveryIpTransport;
  VASAStorageArrayDiscoverySvcInfo: VASAStorageArrayDiscoverySvcInfo;
  VAppIPAssignmentInfo: VAppIPAssignmentInfo;
  VAppOperationInProgress: VAppOperationInProgress;
  VAppOvfSectionInfo: VAppOvfSectionInfo;
  VAppOvfSectionSpec: VAppOvfSectionSpec;
  VAppProductInfo: VAppProductInfo;
  VAppProductSpec: VAppProductSpec;
  VAppPropertyInfo: VAppPropertyInfo;
  VAppPropertySpec: VAppPropertySpec;
  VAppTaskInProgress: VAppTaskInProgress;
  VMwareDVSPortSetting: VMwareDVSPortSetting;
  VMwareUplinkLacpPolicy: VMwareUplinkLacpPolicy;
  VMwareUplinkPortOrderPolicy: VMwareUplinkPortOrderPolicy;
  VVolHostPE: VVolHostPE;
  VimFault: VimFault;
  VimVasaProvider: VimVasaProvider;
  VimVasaProviderInfo: VimVasaProviderInfo;
  VimVasaProviderStatePerArray: VimVasaProviderStatePerArray;
  VimVasaProviderVirtualHostConfig: VimVasaProviderVirtualHostConfig;
  VirtualAHCIController: VirtualAHCIController;
  VirtualBusLogicController: VirtualBusLogicController;
  VirtualCdrom: VirtualCdrom;
  VirtualCdromAtapiBackingInfo: VirtualCdromAtapiBackingInfo;
  VirtualCdromIsoBackingInfo: VirtualCdromIsoBackingInfo;
  VirtualCdromPassthroughBackingInfo: VirtualCdromPassthroughBackingInfo;
  VirtualCdromRemoteAtapiBackingInfo: VirtualCdromRemoteAtapiBackingInfo;
  VirtualCdromRemotePassthroughBackingInfo: VirtualCdromRemotePassthroughBackingInfo;
  VirtualController: VirtualController;
  VirtualDevice: VirtualDevice;
  VirtualDeviceBackingInfo: VirtualDeviceBackingInfo;
  VirtualDeviceBusSlotInfo: VirtualDeviceBusSlotInfo;
  VirtualDeviceConfigSpec: VirtualDeviceConfigSpec;
  VirtualDeviceConfigSpecBackingSpec: VirtualDeviceConfigSpecBackingSpec;
  VirtualDeviceConnectInfo: VirtualDeviceConnectInfo;
  VirtualDeviceDeviceBackingInfo: VirtualDeviceDeviceBackingInfo;
  VirtualDeviceDeviceGroupInfo: VirtualDeviceDeviceGroupInfo;
  VirtualDeviceFileBackingInfo: VirtualDeviceFileBackingInfo;
  VirtualDevicePipeBackingInfo: VirtualDevicePipeBackingInfo;
  VirtualDeviceRemoteDeviceBackingInfo: VirtualDeviceRemoteDeviceBackingInfo;
  VirtualDeviceURIBackingInfo: VirtualDeviceURIBackingInfo;
  VirtualDisk: VirtualDisk;
  VirtualDiskFlatVer1BackingInfo: VirtualDiskFlatVer1BackingInfo;
  VirtualDiskFlatVer2BackingInfo: VirtualDiskFlatVer2BackingInfo;
  VirtualDiskId: VirtualDiskId;
  VirtualDiskLocalPMemBackingInfo: VirtualDiskLocalPMemBackingInfo;
  VirtualDiskPartitionedRawDiskVer2BackingInfo: VirtualDiskPartitionedRawDiskVer2BackingInfo;
  VirtualDiskRawDiskMappingVer1BackingInfo: VirtualDiskRawDiskMappingVer1BackingInfo;
  VirtualDiskRawDiskVer2BackingInfo: VirtualDiskRawDiskVer2BackingInfo;
  VirtualDiskSeSparseBackingInfo: VirtualDiskSeSparseBackingInfo;
  VirtualDiskSparseVer1BackingInfo: VirtualDiskSparseVer1BackingInfo;
  VirtualDiskSparseVer2BackingInfo: VirtualDiskSparseVer2BackingInfo;
  VirtualDiskVFlashCacheConfigInfo: VirtualDiskVFlashCacheConfigInfo;
  VirtualE1000: VirtualE1000;
  VirtualE1000e: VirtualE1000e;
  VirtualEnsoniq1371: VirtualEnsoniq1371;
  VirtualEthernetCard: VirtualEthernetCard;
  VirtualEthernetCardDistributedVirtualPortBackingInfo: VirtualEthernetCardDistributedVirtualPortBackingInfo;
  VirtualEthernetCardLegacyNetworkBackingInfo: VirtualEthernetCardLegacyNetworkBackingInfo;
  VirtualEthernetCardNetworkBackingInfo: VirtualEthernetCardNetworkBackingInfo;
  VirtualEthernetCardOpaqueNetworkBackingInfo: VirtualEthernetCardOpaqueNetworkBackingInfo;
  VirtualEthernetCardResourceAllocation: VirtualEthernetCardResourceAllocation;
  VirtualFloppy: VirtualFloppy;
  VirtualFloppyDeviceBackingInfo: VirtualFloppyDeviceBackingInfo;
  VirtualFloppyImageBackingInfo: VirtualFloppyImageBackingInfo;
  VirtualFloppyRemoteDeviceBackingInfo: VirtualFloppyRemoteDeviceBackingInfo;
  VirtualHardware: VirtualHardware;
  VirtualHardwareCompatibilityIssue: VirtualHardwareCompatibilityIssue;
  VirtualHardwareVersionNotSupported: VirtualHardwareVersionNotSupported;
  VirtualHdAudioCard: VirtualHdAudioCard;
  VirtualIDEController: VirtualIDEController;
  VirtualKeyboard: VirtualKeyboard;
  VirtualLsiLogicController: VirtualLsiLogicController;
  VirtualLsiLogicSASController: VirtualLsiLogicSASController;
  VirtualMachineAffinityInfo: VirtualMachineAffinityInfo;
  VirtualMachineBaseIndependentFilterSpec: VirtualMachineBaseIndependentFilterSpec;
  VirtualMachineBootOptions: VirtualMachineBootOptions;
  VirtualMachineBootOptionsBootableDevice: VirtualMachineBootOptionsBootableDevice;
  VirtualMachineCapability: VirtualMachineCapability;
  VirtualMachineConfigInfo: VirtualMachineConfigInfo;
  VirtualMachineConfigInfoDatastoreUrlPair: VirtualMachineConfigInfoDatastoreUrlPair;
  VirtualMachineConfigInfoOverheadInfo: VirtualMachineConfigInfoOverheadInfo;
  VirtualMachineConfigSpec: VirtualMachineConfigSpec;
  VirtualMachineConfigSummary: VirtualMachineConfigSummary;
  VirtualMachineConsolePreferences: VirtualMachineConsolePreferences;
  VirtualMachineContentLibraryItemInfo: VirtualMachineContentLibraryItemInfo;
  VirtualMachineCpuIdInfoSpec: VirtualMachineCpuIdInfoSpec;
  VirtualMachineDefaultPowerOpInfo: VirtualMachineDefaultPowerOpInfo;
  VirtualMachineDeviceRuntimeInfo: VirtualMachineDeviceRuntimeInfo;
  VirtualMachineDeviceRuntimeInfoDeviceRuntimeState: VirtualMachineDeviceRuntimeInfoDeviceRuntimeState;
  VirtualMachineFeatureRequirement: VirtualMachineFeatureRequirement;
  VirtualMachineFileInfo: VirtualMachineFileInfo;
  VirtualMachineFileLayout: VirtualMachineFileLayout;
  VirtualMachineFileLayoutDiskLayout: VirtualMachineFileLayoutDiskLayout;
  VirtualMachineFileLayoutEx: VirtualMachineFileLayoutEx;
  VirtualMachineFileLayoutExDiskLayout: VirtualMachineFileLayoutExDiskLayout;
  VirtualMachineFileLayoutExDiskUnit: VirtualMachineFileLayoutExDiskUnit;
  VirtualMachineFileLayoutExFileInfo: VirtualMachineFileLayoutExFileInfo;
  VirtualMachineFileLayoutExSnapshotLayout: VirtualMachineFileLayoutExSnapshotLayout;
  VirtualMachineFileLayoutSnapshotLayout: VirtualMachineFileLayoutSnapshotLayout;
  VirtualMachineFlagInfo: VirtualMachineFlagInfo;
  VirtualMachineForkConfigInfo: VirtualMachineForkConfigInfo;
  VirtualMachineGuestIntegrityInfo: VirtualMachineGuestIntegrityInfo;
  VirtualMachineGuestMonitoringModeInfo: VirtualMachineGuestMonitoringModeInfo;
  VirtualMachineGuestQuiesceSpec: VirtualMachineGuestQuiesceSpec;
  VirtualMachineGuestSummary: VirtualMachineGuestSummary;
  VirtualMachineMessage: VirtualMachineMessage;
  VirtualMachineNetworkShaperInfo: VirtualMachineNetworkShaperInfo;
  VirtualMachineProfileSpec: VirtualMachineProfileSpec;
  VirtualMachineQuestionInfo: VirtualMachineQuestionInfo;
  VirtualMachineQuickStats: VirtualMachineQuickStats;
  VirtualMachineQuickStatsMemoryTierStats: VirtualMachineQuickStatsMemoryTierStats;
  VirtualMachineRuntimeInfo: VirtualMachineRuntimeInfo;
  VirtualMachineRuntimeInfoDasProtectionState: VirtualMachineRuntimeInfoDasProtectionState;
  VirtualMachineSgxInfo: VirtualMachineSgxInfo;
  VirtualMachineSnapshotInfo: VirtualMachineSnapshotInfo;
  VirtualMachineSnapshotTree: VirtualMachineSnapshotTree;
  VirtualMachineStorageInfo: VirtualMachineStorageInfo;
  VirtualMachineStorageSummary: VirtualMachineStorageSummary;
  VirtualMachineSummary: VirtualMachineSummary;
  VirtualMachineUsageOnDatastore: VirtualMachineUsageOnDatastore;
  VirtualMachineVMCIDevice: VirtualMachineVMCIDevice;
  VirtualMachineVMCIDeviceFilterInfo: VirtualMachineVMCIDeviceFilterInfo;
  VirtualMachineVMCIDeviceFilterSpec: VirtualMachineVMCIDeviceFilterSpec;
  VirtualMachineVMIROM: VirtualMachineVMIROM;
  VirtualMachineVcpuConfig: VirtualMachineVcpuConfig;
  VirtualMachineVideoCard: VirtualMachineVideoCard;
  VirtualMachineVirtualDeviceGroups: VirtualMachineVirtualDeviceGroups;
  VirtualMachineVirtualDeviceGroupsDeviceGroup: VirtualMachineVirtualDeviceGroupsDeviceGroup;
  VirtualMachineVirtualDeviceSwap: VirtualMachineVirtualDeviceSwap;
  VirtualMachineVirtualDeviceSwapDeviceSwapInfo: VirtualMachineVirtualDeviceSwapDeviceSwapInfo;
  VirtualMachineVirtualNuma: VirtualMachineVirtualNuma;
  VirtualMachineVirtualNumaInfo: VirtualMachineVirtualNumaInfo;
  VirtualMachineVirtualPMem: VirtualMachineVirtualPMem;
  VirtualMachineWindowsQuiesceSpec: VirtualMachineWindowsQuiesceSpec;
  VirtualNVDIMM: VirtualNVDIMM;
  VirtualNVDIMMBackingInfo: VirtualNVDIMMBackingInfo;
  VirtualNVDIMMController: VirtualNVDIMMController;
  VirtualNVMEController: VirtualNVMEController;
  VirtualPCIController: VirtualPCIController;
  VirtualPCIPassthrough: VirtualPCIPassthrough;
  VirtualPCIPassthroughAllowedDevice: VirtualPCIPassthroughAllowedDevice;
  VirtualPCIPassthroughDeviceBackingInfo: VirtualPCIPassthroughDeviceBackingInfo;
  VirtualPCIPassthroughDvxBackingInfo: VirtualPCIPassthroughDvxBackingInfo;
  VirtualPCIPassthroughDynamicBackingInfo: VirtualPCIPassthroughDynamicBackingInfo;
  VirtualPCIPassthroughPluginBackingInfo: VirtualPCIPassthroughPluginBackingInfo;
  VirtualPCIPassthroughVmiopBackingInfo: VirtualPCIPassthroughVmiopBackingInfo;
  VirtualPCNet32: VirtualPCNet32;
  VirtualPS2Controller: VirtualPS2Controller;
  VirtualParallelPort: VirtualParallelPort;
  VirtualParallelPortDeviceBackingInfo: VirtualParallelPortDeviceBackingInfo;
  VirtualParallelPortFileBackingInfo: VirtualParallelPortFileBackingInfo;
  VirtualPointingDevice: VirtualPointingDevice;
  VirtualPointingDeviceDeviceBackingInfo: VirtualPointingDeviceDeviceBackingInfo;
  VirtualPrecisionClock: VirtualPrecisionClock;
  VirtualPrecisionClockSystemClockBackingInfo: VirtualPrecisionClockSystemClockBackingInfo;
  VirtualSATAController: VirtualSATAController;
  VirtualSCSIController: VirtualSCSIController;
  VirtualSCSIPassthrough: VirtualSCSIPassthrough;
  VirtualSCSIPassthroughDeviceBackingInfo: VirtualSCSIPassthroughDeviceBackingInfo;
  VirtualSIOController: VirtualSIOController;
  VirtualSerialPort: VirtualSerialPort;
  VirtualSerialPortDeviceBackingInfo: VirtualSerialPortDeviceBackingInfo;
  VirtualSerialPortFileBackingInfo: VirtualSerialPortFileBackingInfo;
  VirtualSerialPortPipeBackingInfo: VirtualSerialPortPipeBackingInfo;
  VirtualSerialPortThinPrintBackingInfo: VirtualSerialPortThinPrintBackingInfo;
  VirtualSerialPortURIBackingInfo: VirtualSerialPortURIBackingInfo;
  VirtualSoundBlaster16: VirtualSoundBlaster16;
  VirtualSoundCard: VirtualSoundCard;
  VirtualSoundCardDeviceBackingInfo: VirtualSoundCardDeviceBackingInfo;
  VirtualSriovEthernetCard: VirtualSriovEthernetCard;
  VirtualSriovEthernetCardSriovBackingInfo: VirtualSriovEthernetCardSriovBackingInfo;
  VirtualTPM: VirtualTPM;
  VirtualUSB: VirtualUSB;
  VirtualUSBController: VirtualUSBController;
  VirtualUSBRemoteClientBackingInfo: VirtualUSBRemoteClientBackingInfo;
  VirtualUSBRemoteHostBackingInfo: VirtualUSBRemoteHostBackingInfo;
  VirtualUSBUSBBackingInfo: VirtualUSBUSBBackingInfo;
  VirtualUSBXHCIController: VirtualUSBXHCIController;
  VirtualVmxnet: VirtualVmxnet;
  VirtualVmxnet2: VirtualVmxnet2;
  VirtualVmxnet3: VirtualVmxnet3;
  VirtualVmxnet3Vrdma: VirtualVmxnet3Vrdma;
  VirtualWDT: VirtualWDT;
  VmConfigFault: VmConfigFault;
  VmConfigInfo: VmConfigInfo;
  VmConfigSpec: VmConfigSpec;
  VmFaultToleranceTooManyFtVcpusOnHost: VmFaultToleranceTooManyFtVcpusOnHost;
  VmFaultToleranceTooManyVMsOnHost: VmFaultToleranceTooManyVMsOnHost;
  VmLimitLicense: VmLimitLicense;
  VmPowerOnDisabled: VmPowerOnDisabled;
  VmSmpFaultToleranceTooManyVMsOnHost: VmSmpFaultToleranceTooManyVMsOnHost;
  VmfsDatastoreInfo: VmfsDatastoreInfo;
  VmfsUnmapBandwidthSpec: VmfsUnmapBandwidthSpec;
  VmwareDistributedVirtualSwitchPvlanSpec: VmwareDistributedVirtualSwitchPvlanSpec;
  VmwareDistributedVirtualSwitchTrunkVlanSpec: VmwareDistributedVirtualSwitchTrunkVlanSpec;
  VmwareDistributedVirtualSwitchVlanIdSpec: VmwareDistributedVirtualSwitchVlanIdSpec;
  VmwareDistributedVirtualSwitchVlanSpec: VmwareDistributedVirtualSwitchVlanSpec;
  VmwareUplinkPortTeamingPolicy: VmwareUplinkPortTeamingPolicy;
  VramLimitLicense: VramLimitLicense;
  VsanDatastoreInfo: VsanDatastoreInfo;
  VsanHostMembershipInfo: VsanHostMembershipInfo;
  VsanHostRuntimeInfo: VsanHostRuntimeInfo;
  VsanHostRuntimeInfoDiskIssue: VsanHostRuntimeInfoDiskIssue;
  VvolDatastoreInfo: VvolDatastoreInfo;
  WaitOptions: WaitOptions;
}

/** The properties of the managed objects, as a property collector names them. */
export interface ManagedObjects {
  AuthorizationManager: { privilegeList?: readonly AuthorizationPrivilege[]; roleList?: readonly AuthorizationRole[] };
  ClusterComputeResource: {} & ManagedObjects['ComputeResource'];
  ComputeResource: { resourcePool?: MoRef; host?: readonly MoRef<'HostSystem'>[]; datastore?: readonly MoRef<'Datastore'>[]; network?: readonly MoRef[]; summary: ComputeResourceSummary; environmentBrowser?: MoRef<'EnvironmentBrowser'> } & ManagedObjects['ManagedEntity'];
  ContainerView: { container: MoRef; type?: readonly string[]; recursive: boolean } & ManagedObjects['ManagedObjectView'];
  Datacenter: { vmFolder: MoRef; hostFolder: MoRef; datastoreFolder: MoRef; networkFolder: MoRef; datastore?: readonly MoRef<'Datastore'>[]; network?: readonly MoRef[] } & ManagedObjects['ManagedEntity'];
  Datastore: { info: DatastoreInfo; summary: DatastoreSummary; host?: readonly DatastoreHostMount[]; vm?: readonly MoRef<'VirtualMachine'>[]; browser: MoRef<'HostDatastoreBrowser'>; capability: DatastoreCapability } & ManagedObjects['ManagedEntity'];
  DistributedVirtualPortgroup: { key: string; config: DVPortgroupConfigInfo; portKeys?: readonly string[] } & ManagedObjects['Network'];
  DistributedVirtualSwitch: { uuid: string; summary: DVSSummary; portgroup?: readonly MoRef<'DistributedVirtualPortgroup'>[] } & ManagedObjects['ManagedEntity'];
  ExtensibleManagedObject: { value?: readonly CustomFieldValue[] };
  Folder: { childType?: readonly string[]; childEntity?: readonly MoRef[] } & ManagedObjects['ManagedEntity'];
  HostSystem: { runtime: HostRuntimeInfo; summary: HostListSummary; vm?: readonly MoRef<'VirtualMachine'>[]; datastore?: readonly MoRef<'Datastore'>[]; network?: readonly MoRef[]; datastoreBrowser: MoRef<'HostDatastoreBrowser'> } & ManagedObjects['ManagedEntity'];
  ManagedEntity: { parent?: MoRef; customValue?: readonly CustomFieldValue[]; overallStatus: ManagedEntityStatus; configStatus: ManagedEntityStatus; effectiveRole?: readonly number[]; name: string; disabledMethod?: readonly string[]; recentTask?: readonly MoRef<'Task'>[]; alarmActionsEnabled?: boolean; tag?: readonly Tag[] } & ManagedObjects['ExtensibleManagedObject'];
  ManagedObjectView: { view?: readonly MoRef[] } & ManagedObjects['View'];
  Network: { summary: NetworkSummary; host?: readonly MoRef<'HostSystem'>[]; vm?: readonly MoRef<'VirtualMachine'>[] } & ManagedObjects['ManagedEntity'];
  OpaqueNetwork: { capability?: OpaqueNetworkCapability; extraConfig?: readonly OptionValue[] } & ManagedObjects['Network'];
  PropertyCollector: { filter?: readonly MoRef<'PropertyFilter'>[] };
  PropertyFilter: { spec: PropertyFilterSpec; partialUpdates: boolean };
  ResourcePool: { owner: MoRef; resourcePool?: readonly MoRef[]; vm?: readonly MoRef<'VirtualMachine'>[] } & ManagedObjects['ManagedEntity'];
  SearchIndex: {};
  ServiceInstance: { serverClock: string; capability: Capability; content: ServiceContent };
  SessionManager: { currentSession?: UserSession; defaultLocale: string };
  StoragePod: { summary?: StoragePodSummary } & ManagedObjects['Folder'];
  Task: { info: TaskInfo } & ManagedObjects['ExtensibleManagedObject'];
  View: {};
  ViewManager: { viewList?: readonly MoRef[] };
  VirtualApp: { parentFolder?: MoRef; datastore?: readonly MoRef<'Datastore'>[]; network?: readonly MoRef[] } & ManagedObjects['ResourcePool'];
  VirtualMachine: { capability: VirtualMachineCapability; config?: VirtualMachineConfigInfo; layout?: VirtualMachineFileLayout; layoutEx?: VirtualMachineFileLayoutEx; storage?: VirtualMachineStorageInfo; environmentBrowser: MoRef<'EnvironmentBrowser'>; resourcePool?: MoRef; parentVApp?: MoRef; resourceConfig?: ResourceConfigSpec; runtime: VirtualMachineRuntimeInfo; guest?: GuestInfo; summary: VirtualMachineSummary; datastore?: readonly MoRef<'Datastore'>[]; network?: readonly MoRef[]; snapshot?: VirtualMachineSnapshotInfo; rootSnapshot?: readonly MoRef<'VirtualMachineSnapshot'>[]; guestHeartbeatStatus: ManagedEntityStatus } & ManagedObjects['ManagedEntity'];
  VirtualMachineSnapshot: { config: VirtualMachineConfigInfo; childSnapshot?: readonly MoRef<'VirtualMachineSnapshot'>[]; vm: MoRef<'VirtualMachine'> } & ManagedObjects['ExtensibleManagedObject'];
  VmwareDistributedVirtualSwitch: {} & ManagedObjects['DistributedVirtualSwitch'];
}

/** The methods: whose they are, their arguments and what they give back. */
export interface Methods {
  CancelRetrievePropertiesEx: { self: 'PropertyCollector'; args: { token: string }; result: void };
  CancelTask: { self: 'Task'; args: {}; result: void };
  CancelWaitForUpdates: { self: 'PropertyCollector'; args: {}; result: void };
  ConsolidateVMDisks_Task: { self: 'VirtualMachine'; args: {}; result: MoRef<'Task'> };
  ContinueRetrievePropertiesEx: { self: 'PropertyCollector'; args: { token: string }; result: RetrieveResult };
  CreateContainerView: { self: 'ViewManager'; args: { container: MoRef; type?: readonly string[]; recursive: boolean }; result: MoRef<'ContainerView'> };
  CreateFilter: { self: 'PropertyCollector'; args: { spec: PropertyFilterSpec; partialUpdates: boolean }; result: MoRef<'PropertyFilter'> };
  CreatePropertyCollector: { self: 'PropertyCollector'; args: {}; result: MoRef<'PropertyCollector'> };
  CreateSnapshotEx_Task: { self: 'VirtualMachine'; args: { name: string; description?: string; memory: boolean; quiesceSpec?: VirtualMachineGuestQuiesceSpec }; result: MoRef<'Task'> };
  CreateSnapshot_Task: { self: 'VirtualMachine'; args: { name: string; description?: string; memory: boolean; quiesce: boolean }; result: MoRef<'Task'> };
  CurrentTime: { self: 'ServiceInstance'; args: {}; result: string };
  DestroyPropertyCollector: { self: 'PropertyCollector'; args: {}; result: void };
  DestroyView: { self: 'View'; args: {}; result: void };
  FetchUserPrivilegeOnEntities: { self: 'AuthorizationManager'; args: { entities: readonly MoRef[]; userName: string }; result: readonly UserPrivilegeResult[] };
  FindByInventoryPath: { self: 'SearchIndex'; args: { inventoryPath: string }; result: MoRef | undefined };
  FindByUuid: { self: 'SearchIndex'; args: { datacenter?: MoRef<'Datacenter'>; uuid: string; vmSearch: boolean; instanceUuid?: boolean }; result: MoRef | undefined };
  HasPrivilegeOnEntities: { self: 'AuthorizationManager'; args: { entity: readonly MoRef[]; sessionId: string; privId?: readonly string[] }; result: readonly EntityPrivilege[] };
  HasPrivilegeOnEntity: { self: 'AuthorizationManager'; args: { entity: MoRef; sessionId: string; privId?: readonly string[] }; result: readonly boolean[] };
  Login: { self: 'SessionManager'; args: { userName: string; password: string; locale?: string }; result: UserSession };
  Logout: { self: 'SessionManager'; args: {}; result: void };
  PowerOffVM_Task: { self: 'VirtualMachine'; args: {}; result: MoRef<'Task'> };
  PowerOnVM_Task: { self: 'VirtualMachine'; args: { host?: MoRef<'HostSystem'> }; result: MoRef<'Task'> };
  QueryChangedDiskAreas: { self: 'VirtualMachine'; args: { snapshot?: MoRef<'VirtualMachineSnapshot'>; deviceKey: number; startOffset: number; changeId: string }; result: DiskChangeInfo };
  ReconfigVM_Task: { self: 'VirtualMachine'; args: { spec: VirtualMachineConfigSpec }; result: MoRef<'Task'> };
  RemoveAllSnapshots_Task: { self: 'VirtualMachine'; args: { consolidate?: boolean; spec?: SnapshotSelectionSpec }; result: MoRef<'Task'> };
  RemoveSnapshot_Task: { self: 'VirtualMachineSnapshot'; args: { removeChildren: boolean; consolidate?: boolean }; result: MoRef<'Task'> };
  RetrievePropertiesEx: { self: 'PropertyCollector'; args: { specSet: readonly PropertyFilterSpec[]; options: RetrieveOptions }; result: RetrieveResult | undefined };
  RetrieveServiceContent: { self: 'ServiceInstance'; args: {}; result: ServiceContent };
  SessionIsActive: { self: 'SessionManager'; args: { sessionID: string; userName: string }; result: boolean };
  ShutdownGuest: { self: 'VirtualMachine'; args: {}; result: void };
  WaitForUpdatesEx: { self: 'PropertyCollector'; args: { version?: string; options?: WaitOptions }; result: UpdateSet | undefined };
}
