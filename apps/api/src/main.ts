import 'reflect-metadata';
import { runService } from '@threadline/platform/run-service';
import { startApi } from './api-service.js';

await runService('api', ['kafka', 'eventStore', 'redis', 'vault'], startApi);
