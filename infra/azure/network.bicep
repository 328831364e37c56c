// A network with a part for nodes and one for private endpoints.

param name string
param location string

resource network 'Microsoft.Network/virtualNetworks@2024-05-01' = {
  name: name
  location: location
  properties: {
    addressSpace: {
      addressPrefixes: ['10.64.0.0/16']
    }
  }

  resource nodes 'subnets' = {
    name: 'nodes'
    properties: {
      addressPrefix: '10.64.0.0/20'
    }
  }

  resource endpoints 'subnets' = {
    name: 'endpoints'
    properties: {
      addressPrefix: '10.64.16.0/24'
      privateEndpointNetworkPolicies: 'Enabled'
    }
    dependsOn: [nodes] // A network takes one change at a time.
  }
}

output network string = network.id
output nodes string = network::nodes.id
output endpoints string = network::endpoints.id
