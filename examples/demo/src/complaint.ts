// What is wrong with how the demo was called, or with what it met: for whoever called it, with its cure. It is
// printed as one sentence, without a stack trace, and never holds a secret.

export class Complaint extends Error {
  override readonly name: string = 'Complaint';
}
