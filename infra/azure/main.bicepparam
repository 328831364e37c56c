using 'main.bicep'

// az deployment group create -g GROUP -p infra/azure/main.bicepparam
param name = 'bgpo'
param adminGroups = ['00000000-0000-0000-0000-000000000000']
