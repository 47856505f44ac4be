import 'reflect-metadata';
import { runService } from '@threadline/platform/run-service';
import { startGateway } from './gateway-service.js';

await runService('gateway', ['kafka', 'eventStore'], startGateway);
