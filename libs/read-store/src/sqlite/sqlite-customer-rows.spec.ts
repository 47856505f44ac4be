import { customerRowsContract } from '../customers/customer-rows-contract.js';
import { LiveModels } from './live-models.js';
import { SqliteCustomerRows } from './sqlite-customer-rows.js';

customerRowsContract('SqliteCustomerRows', async ({ folder }) => {
  const models = new LiveModels(folder);
  return { rows: new SqliteCustomerRows(models.customers), close: async () => models.close() };
});
