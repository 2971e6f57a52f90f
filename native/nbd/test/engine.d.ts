import { type CopyEngine, type CopyLimits, type CopyRequest, type NbdAddress } from '@ossea/copy-engine';
/** The engine under test; these specs are about nothing else, so without it they fail and say why. */
export declare function nativeEngine(): CopyEngine;
export interface Ends {
    readonly source: {
        readonly address: NbdAddress;
    };
    readonly target: {
        readonly address: NbdAddress;
    };
}
export declare function copyRequest(ends: Ends, sizeBytes: number, journalPath: string, more?: Partial<Omit<CopyRequest, 'limits'>> & {
    limits?: Partial<CopyLimits>;
}): CopyRequest;
export declare const never: AbortSignal;
