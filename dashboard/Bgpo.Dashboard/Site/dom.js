// Elements and text. Whatever comes from a run goes in as a text node, never as markup.

/** Makes an element: attributes and properties, `on…` listeners, children (strings become text). */
export function el(tag, props = {}, ...children) {
  const made = tag.startsWith('svg:') ? document.createElementNS('http://www.w3.org/2000/svg', tag.slice(4))
    : document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) {
      continue;
    }
    if (name.startsWith('on')) {
      made.addEventListener(name.slice(2), value);
    } else if (name === 'style') {
      for (const [key, text] of Object.entries(value)) {
        made.style.setProperty(key, text);
      }
    } else if (['value', 'checked', 'disabled', 'selected', 'open', 'hidden'].includes(name)) {
      made[name] = value;
    } else {
      made.setAttribute(name, value === true ? '' : value);
    }
  }
  add(made, children);
  return made;
}

/** Puts children in: elements, strings, numbers, lists of them; nothing for null. */
export function add(parent, children) {
  for (const child of [children].flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) {
      parent.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
  }
}

/** Replaces all that an element holds. */
export function fill(parent, ...children) {
  parent.replaceChildren();
  add(parent, children);
}

export const share = value => value === null || value === undefined ? '–' : `${(100 * value).toFixed(1)} %`;

export function number(value, digits = 4) {
  if (value === null || value === undefined) {
    return '–';
  }
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(2)
    : String(Number(value.toPrecision(digits)));
}

export function size(bytes) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let place = 0;
  while (bytes >= 1024 && place < units.length - 1) {
    bytes /= 1024;
    place++;
  }
  return `${place === 0 ? bytes : bytes.toFixed(1)} ${units[place]}`;
}

export function age(from, to = Date.now()) {
  const seconds = Math.max(0, (to - new Date(from)) / 1000);
  return seconds < 90 ? `${Math.round(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min`
    : seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

export function time(when) {
  return new Date(when).toLocaleString([], { dateStyle: 'medium', timeStyle: 'medium' });
}

/** A text with a button that copies it. */
export function copyable(text, label = 'copy') {
  const button = el('button', {
    type: 'button', class: 'small', 'aria-label': `copy: ${text}`, onclick: async () => {
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = 'copied';
      } catch {
        getSelection().selectAllChildren(code);
        button.textContent = 'selected: press Ctrl-C';
      }
      setTimeout(() => { button.textContent = label; }, 1500);
    },
  }, label);
  const code = el('code', {}, text);
  return el('span', { class: 'copyable' }, code, button);
}

export const badge = state => el('span', { class: `badge ${state}` }, state);

/** Asks before something is done. Resolves to what was typed, or null where it is not to be done. */
export function confirm({ title, text, fields = [], action, danger = false }) {
  return new Promise(resolve => {
    const inputs = fields.map(field => el(field.options ? 'select' : 'input', {
      id: `field-${field.name}`, name: field.name, placeholder: field.placeholder ?? '', autocomplete: 'off',
      value: field.options ? undefined : field.value ?? '',
    }, (field.options ?? []).map(option => el('option', { value: option.value }, option.label))));
    const done = result => {
      dialog.close();
      dialog.remove();
      resolve(result);
    };
    const accept = () => done(Object.fromEntries(inputs.map(input => [input.name, input.value])));
    fields.forEach((field, i) => field.changed && inputs[i].addEventListener('change', () => field.changed(inputs)));
    const dialog = el('dialog', {
      'aria-labelledby': 'dialog-title', oncancel: event => {
        event.preventDefault();
        done(null);
      }, onkeydown: event => {
        if (event.key === 'Enter' && event.target.tagName === 'INPUT') {
          accept();
        }
      },
    },
    el('h2', { id: 'dialog-title' }, title),
    el('p', {}, text),
    fields.map((field, i) => el('label', { for: inputs[i].id }, field.label, inputs[i])),
    el('div', { class: 'buttons' },
      el('button', { type: 'button', onclick: () => done(null) }, 'Cancel'),
      el('button', { type: 'button', class: danger ? 'danger' : 'primary', onclick: accept }, action)));
    document.body.append(dialog);
    dialog.showModal();
    (inputs[0] ?? dialog.querySelector('.buttons button:last-child')).focus();
  });
}
