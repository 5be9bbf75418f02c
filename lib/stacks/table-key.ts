import { Stack } from 'aws-cdk-lib';
import { TableEncryption, type TableProps } from 'aws-cdk-lib/aws-dynamodb';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { BusFunction } from './bus-function.ts';

/**
 * The key that the tables are encrypted by, the secrets of receivers in them: AWS's own for DynamoDB, or one of the
 * team's (context `tableKey`), whose key policy then says who reads the tables.
 */
export class TableKey extends Construct {
  /** What a table is made with. */
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
   * Lets the functions that use the tables use the team's key, by way of DynamoDB alone; the key policy must leave it to
   * IAM. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
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
