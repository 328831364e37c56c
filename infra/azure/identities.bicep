// Three identities: the silos', the nodes' (which pull images and mount models), and Kubernetes' own.

param name string
param location string

@description('The nodes\' part of the network.')
param subnet string

resource silos 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-silos'
  location: location
}

resource nodes 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-nodes'
  location: location
}

resource control 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: '${name}-control'
  location: location
}

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' existing = {
  name: name

  resource nodes 'subnets' existing = {
    name: last(split(subnet, '/'))
  }
}

// Built-in roles.
var networkContributor = '4d97b98b-1d4f-4787-a291-c67834d212e7'
var managedIdentityOperator = 'f1a07417-d97a-45cb-824c-7a7467783830'

resource controlJoinsNodes 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: network::nodes
  name: guid(network::nodes.id, control.id, networkContributor)
  properties: {
    principalId: control.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', networkContributor)
  }
}

resource controlGivesNodesTheirs 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: nodes
  name: guid(nodes.id, control.id, managedIdentityOperator)
  properties: {
    principalId: control.properties.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', managedIdentityOperator)
  }
}

output silosName string = silos.name
output silosClient string = silos.properties.clientId
output silosPrincipal string = silos.properties.principalId
output nodes string = nodes.id
output nodesClient string = nodes.properties.clientId
output nodesPrincipal string = nodes.properties.principalId
output control string = control.id
