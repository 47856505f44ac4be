import 'reflect-metadata';
import { runService } from '@threadline/platform/run-service';
import { startProjectorService } from './projector-service.js';

await runService('projector', ['eventStore', 'redis', 'vault'], startProjectorService);
