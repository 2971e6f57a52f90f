/** Token of the `CopyEngine` that this VMA copies with. */
export const COPY_ENGINE = Symbol('CopyEngine');
