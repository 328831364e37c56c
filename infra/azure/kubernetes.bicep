// AKS: nodes for its own pods, steady ones for state, spot ones for work. Its node auto-drain turns Azure's scheduled events (Preempt,
// Redeploy) into a cordon and a drain, so a spot node's silos get SIGTERM and leave in order.

param name string
param location string
param adminGroups string[]
param apiRanges string[]
param subnet string
param controlIdentity string
param nodesIdentity string

@description('The name of the silos\' identity, which pods of the service account bgpo in the namespace bgpo take.')
param silosIdentity string

param stateNodes int
param stateSize string
param workNodes int
param workSize string
param workMaxPrice string

resource nodes 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: last(split(nodesIdentity, '/'))
}

resource cluster 'Microsoft.ContainerService/managedClusters@2025-05-01' = {
  name: name
  location: location
  sku: {
    name: 'Base'
    tier: 'Standard'
  }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${controlIdentity}': {}
    }
  }
  properties: {
    dnsPrefix: name
    disableLocalAccounts: true
    enableRBAC: true
    aadProfile: {
      managed: true
      enableAzureRBAC: true
      adminGroupObjectIDs: adminGroups
    }
    apiServerAccessProfile: {
      authorizedIPRanges: apiRanges
    }
    identityProfile: {
      kubeletidentity: {
        resourceId: nodes.id
        clientId: nodes.properties.clientId
        objectId: nodes.properties.principalId
      }
    }
    oidcIssuerProfile: {
      enabled: true
    }
    securityProfile: {
      workloadIdentity: {
        enabled: true
      }
    }
    storageProfile: {
      blobCSIDriver: {
        enabled: true
      }
    }
    networkProfile: {
      networkPlugin: 'azure'
      networkPluginMode: 'overlay'
      networkDataplane: 'cilium'
      networkPolicy: 'cilium'
    }
    autoUpgradeProfile: {
      upgradeChannel: 'patch'
      nodeOSUpgradeChannel: 'NodeImage'
    }
    agentPoolProfiles: [
      {
        name: 'system'
        mode: 'System'
        count: 2
        vmSize: 'Standard_D2s_v5'
        osType: 'Linux'
        osSKU: 'Ubuntu'
        vnetSubnetID: subnet
        nodeTaints: ['CriticalAddonsOnly=true:NoSchedule']
      }
    ]
  }

  resource state 'agentPools' = {
    name: 'state'
    properties: {
      mode: 'User'
      count: stateNodes
      vmSize: stateSize
      osType: 'Linux'
      osSKU: 'Ubuntu'
      vnetSubnetID: subnet
      nodeLabels: {
        'bgpo/nodes': 'state'
      }
      // One at a time, and no sooner than its silo has left.
      upgradeSettings: {
        maxSurge: '1'
        drainTimeoutInMinutes: 30
      }
    }
  }

  resource work 'agentPools' = {
    name: 'work'
    properties: {
      mode: 'User'
      scaleSetPriority: 'Spot'
      scaleSetEvictionPolicy: 'Delete'
      spotMaxPrice: json(workMaxPrice)
      enableAutoScaling: true
      count: 1
      minCount: 0
      maxCount: workNodes
      vmSize: workSize
      osType: 'Linux'
      osSKU: 'Ubuntu'
      vnetSubnetID: subnet
      gpuProfile: {
        driver: 'Install'
      }
      nodeLabels: {
        'bgpo/nodes': 'work'
        'kubernetes.azure.com/scalesetpriority': 'spot'
      }
      nodeTaints: ['kubernetes.azure.com/scalesetpriority=spot:NoSchedule']
    }
    dependsOn: [state] // A cluster takes one change at a time.
  }
}

resource silos 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = {
  name: silosIdentity

  resource pods 'federatedIdentityCredentials' = {
    name: name
    properties: {
      issuer: cluster.properties.oidcIssuerProfile.issuerURL
      subject: 'system:serviceaccount:bgpo:bgpo'
      audiences: ['api://AzureADTokenExchange']
    }
  }
}

output cluster string = cluster.name
