import 'reflect-metadata';
import { runService } from '@threadline/platform/run-service';
import { startIngestService } from './ingest-service.js';

await runService('ingest', ['kafka', 'eventStore', 'vault'], startIngestService);
