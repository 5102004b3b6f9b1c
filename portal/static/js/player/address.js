// What is on show, in the page's address: a link to it shows the same to whoever may see it.
let writtenAt = 0;

// Note changes of ?at= (moment) and ?span= (zoom); null takes one out.
export function remember(changes) {
  const address = new URL(location.href);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) address.searchParams.delete(name);
    else address.searchParams.set(name, String(value));
  }
  writtenAt = performance.now();
  history.replaceState(null, "", address);
}

// Milliseconds since the last note: browsers refuse too many of them.
export const age = () => performance.now() - writtenAt;
