import { stepsOfLeg } from '../steps/choose-step.js';
import type { Leg } from '../steps/itineraries.js';
import type { StepTable } from '../steps/steps.js';

/** The share of an itinerary that has ended, from the steps' weights. Never falls, never exceeds 1. */
export class ProgressBar {
  private readonly weights: readonly number[];
  private reached = 0;

  constructor(legs: readonly Leg<string>[], steps: StepTable) {
    this.weights = legs.map((leg) => Math.max(0, ...stepsOfLeg(leg).map((name) => steps[name]?.weight ?? 0)));
  }

  /**
   * @param leg index of the leg that runs; all before it have ended.
   * @param fraction finished share of that leg, 0 to 1.
   */
  at(leg: number, fraction: number): number {
    const total = this.weights.reduce((sum, weight) => sum + weight, 0);
    const before = this.weights.slice(0, leg).reduce((sum, weight) => sum + weight, 0);
    const now = before + (this.weights[leg] ?? 0) * Math.min(1, Math.max(0, fraction));
    // A run that goes back to an earlier step repeats work; what was shown stays.
    this.reached = Math.max(this.reached, total === 0 ? 1 : now / total);
    return this.reached;
  }
}
