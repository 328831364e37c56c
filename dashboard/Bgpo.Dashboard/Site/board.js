// A 4x4 Sudoku as a board.
import { el } from './dom.js';

export const isBoard = (task, prompt) => task === 'sudoku4x4' && /^[0-4]{16}$/.test(prompt);

/** The board of a prompt, or of an answer to it: givens, right and wrong cells. `cell(i)` may add to a cell. */
export function board(prompt, answer = '', reference = '', cell = () => ({})) {
  return el('div', { class: 'board', role: 'img', 'aria-label': `board ${answer || prompt}` }, [...prompt].map((given, i) => {
    const text = answer ? answer[i] ?? '' : given === '0' ? '' : given;
    const kind = given !== '0' ? (answer && text !== given ? 'given wrong' : 'given')
      : !answer ? '' : !reference ? '' : text === reference[i] ? 'right' : 'wrong';
    const more = cell(i);
    return el('span', { ...more, class: `cell ${kind} ${more.class ?? ''}` }, more.text ?? text);
  }));
}
