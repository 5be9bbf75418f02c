import { onDemandClient, onDemandCommand, onDemandError } from './on-demand.ts';

export const LambdaClient = onDemandClient('lambda-client', 'LambdaClient');

export const CreateEventSourceMappingCommand = onDemandCommand('CreateEventSourceMappingCommand');
export const DeleteEventSourceMappingCommand = onDemandCommand('DeleteEventSourceMappingCommand');
export const InvokeCommand = onDemandCommand('InvokeCommand');
export const ListEventSourceMappingsCommand = onDemandCommand('ListEventSourceMappingsCommand');
export const UpdateEventSourceMappingCommand = onDemandCommand('UpdateEventSourceMappingCommand');

export const ResourceInUseException = onDemandError('ResourceInUseException');
export const ResourceNotFoundException = onDemandError('ResourceNotFoundException');
