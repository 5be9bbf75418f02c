import { onDemandClient, onDemandCommand, onDemandError } from './on-demand.ts';

export const SchedulerClient = onDemandClient('scheduler-client', 'SchedulerClient');

export const CreateScheduleCommand = onDemandCommand('CreateScheduleCommand');
export const DeleteScheduleCommand = onDemandCommand('DeleteScheduleCommand');

export const ConflictException = onDemandError('ConflictException');
export const ResourceNotFoundException = onDemandError('ResourceNotFoundException');
