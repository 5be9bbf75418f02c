import { onDemandClient, onDemandCommand, onDemandError } from './on-demand.ts';

export const SNSClient = onDemandClient('sns-client', 'SNSClient');

export const CreateTopicCommand = onDemandCommand('CreateTopicCommand');
export const DeleteTopicCommand = onDemandCommand('DeleteTopicCommand');
export const GetSubscriptionAttributesCommand = onDemandCommand('GetSubscriptionAttributesCommand');
export const ListSubscriptionsByTopicCommand = onDemandCommand('ListSubscriptionsByTopicCommand');
export const PublishBatchCommand = onDemandCommand('PublishBatchCommand');
export const SetSubscriptionAttributesCommand = onDemandCommand('SetSubscriptionAttributesCommand');
export const SetTopicAttributesCommand = onDemandCommand('SetTopicAttributesCommand');
export const SubscribeCommand = onDemandCommand('SubscribeCommand');
export const TagResourceCommand = onDemandCommand('TagResourceCommand');
export const UnsubscribeCommand = onDemandCommand('UnsubscribeCommand');

export const NotFoundException = onDemandError('NotFoundException');
