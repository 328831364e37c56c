// Where the images are. Whoever pushes needs the role AcrPush; nobody has a password.

param registry string
param location string
param nodesPrincipal string

resource images 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: registry
  location: location
  sku: {
    name: 'Standard'
  }
  properties: {
    adminUserEnabled: false
  }
}

// A built-in role.
var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'

resource nodesPull 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: images
  name: guid(images.id, nodesPrincipal, acrPull)
  properties: {
    principalId: nodesPrincipal
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPull)
  }
}

output registry string = images.name
