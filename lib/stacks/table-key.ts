import { Stack } from 'aws-cdk-lib';
import { TableEncryption, type TableProps } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { BusFunction } from './bus-function.ts';

/**
 * The key that encrypts the tables, and with them the secrets of receivers: the AWS managed key of DynamoDB, or a key
 * of the team (context `tableKey`), whose key policy then says who can read the tables.
 */
export class TableKey extends Construct {
  /** The encryption properties of a table. */
  readonly encryption: Pick<TableProps, 'encryption' | 'encryptionKey'>;
  readonly #keyArn: string | undefined;

  constructor(scope: Construct, id: string, keyArn: string | undefined) {
    super(scope, id);
    this.#keyArn = keyArn;
    this.encryption =
      keyArn === undefined
        ? { encryption: TableEncryption.AWS_MANAGED }
        : {
            encryption: TableEncryption.CUSTOMER_MANAGED,
            encryptionKey: Key.fromKeyArn(this, 'Key', keyArn),
          };
  }

  /**
   * Lets functions use the key of the team, through DynamoDB only. The key policy must delegate access to IAM.
   * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
   */
  grantUse(functions: readonly BusFunction[]): void {
    if (this.#keyArn === undefined) return;
    const { region, urlSuffix } = Stack.of(this);
    for (const user of functions) {
      user.grant(
        [
          'kms:Decrypt',
          'kms:DescribeKey',
          'kms:Encrypt',
          'kms:GenerateDataKey',
          'kms:GenerateDataKeyWithoutPlaintext',
          'kms:ReEncryptFrom',
          'kms:ReEncryptTo',
        ],
        [this.#keyArn],
        { StringEquals: { 'kms:ViaService': `dynamodb.${region}.${urlSuffix}` } },
      );
    }
  }
}
