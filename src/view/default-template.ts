/** How snapshots and versions are named unless the user says otherwise. */
export const DEFAULT_TEMPLATE_TEXT = '%Y-%m-%d_%H-%M-%S'
