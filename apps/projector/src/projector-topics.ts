/** Somebody appended: body empty; answered when the read models have come to the head of the log. */
export const ADVANCED = 'log.advanced';

/** Try a parked interaction again: body its id; answered as `ProjectorControl.redrive` tells. */
export const REDRIVE = 'interactions.parked';

/** Make a build of the read models live: body the files as JSON (`ModelFiles`); answered when it is. */
export const ADOPT = 'models.built';
