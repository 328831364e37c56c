// What a cluster of silos needs on Azure: a network, a storage account that only it reaches, a registry, identities, and AKS with steady
// nodes for state and spot GPU nodes for work. No key is made or used anywhere: all go in by Microsoft Entra identities.
//   az deployment group create -g GROUP -f infra/azure/main.bicep -p name=NAME adminGroups='["OBJECT-ID"]'

@description('Names all resources; lower-case letters and digits, since it begins the names of the storage account and the registry.')
@minLength(3)
@maxLength(11)
param name string

@description('Where; the size of the spot nodes must be offered there.')
param location string = resourceGroup().location

@description('Object ids of the Entra groups whose members administer Kubernetes. Local accounts are off.')
param adminGroups string[]

@description('Addresses (CIDR) from which Kubernetes\' API can be reached; empty: from anywhere, with a token.')
param apiRanges string[] = []

@description('Nodes that hold state. Three: one may go while a shard and its copy are on the other two.')
@minValue(2)
param stateNodes int = 3

@description('Their size; docs/deploy.md says how much memory they need.')
param stateSize string = 'Standard_E8s_v5'

@description('The size of the spot nodes. One alone: numerics differ between kinds of processors and GPUs, and a run keeps to its own.')
param workSize string = 'Standard_NC24ads_A100_v4'

@description('How many spot nodes there may be.')
@minValue(1)
param workNodes int = 4

@description('The most that an hour of a spot node may cost, in US dollars as text; -1: no more than its steady price.')
param workMaxPrice string = '-1'

@description('Days for which deleted or overwritten blobs can be had back.')
@minValue(1)
@maxValue(365)
param keepDays int = 14

var unique = take(uniqueString(resourceGroup().id, name), 8)

module network 'network.bicep' = {
  name: 'network'
  params: {
    name: name
    location: location
  }
}

module identities 'identities.bicep' = {
  name: 'identities'
  params: {
    name: name
    location: location
    subnet: network.outputs.nodes
  }
}

module storage 'storage.bicep' = {
  name: 'storage'
  params: {
    account: '${name}${unique}'
    location: location
    keepDays: keepDays
    network: network.outputs.network
    subnet: network.outputs.endpoints
    silosPrincipal: identities.outputs.silosPrincipal
    nodesPrincipal: identities.outputs.nodesPrincipal
  }
}

module registry 'registry.bicep' = {
  name: 'registry'
  params: {
    registry: '${name}${unique}'
    location: location
    nodesPrincipal: identities.outputs.nodesPrincipal
  }
}

module kubernetes 'kubernetes.bicep' = {
  name: 'kubernetes'
  params: {
    name: name
    location: location
    adminGroups: adminGroups
    apiRanges: apiRanges
    subnet: network.outputs.nodes
    controlIdentity: identities.outputs.control
    nodesIdentity: identities.outputs.nodes
    silosIdentity: identities.outputs.silosName
    stateNodes: stateNodes
    stateSize: stateSize
    workNodes: workNodes
    workSize: workSize
    workMaxPrice: workMaxPrice
  }
}

@description('ACCOUNT in infra/kubernetes/azure.')
output account string = storage.outputs.account

@description('CLIENT-ID in infra/kubernetes/azure.')
output clientId string = identities.outputs.silosClient

@description('NODES-CLIENT-ID in infra/kubernetes/azure.')
output nodesClientId string = identities.outputs.nodesClient

@description('REGISTRY in infra/kubernetes/azure.')
output registry string = registry.outputs.registry

@description('For az aks get-credentials.')
output cluster string = kubernetes.outputs.cluster
