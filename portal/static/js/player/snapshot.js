// A picture as a file named after its camera and moment: gate-20261121-140509.png.
import { parts } from "./clock.js";

const KEPT = 10_000; // ms a browser may take to begin saving

// False when there is no picture.
export function savePicture(picture, name, moment) {
  if (!picture) return false;
  const { year, month, day, hour, minute, second } = parts(moment);
  const two = (number) => String(number).padStart(2, "0");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(picture);
  link.download = `${name.replaceAll("/", "-")}-${year}${two(month)}${two(day)}-${two(hour)}${two(minute)}${two(second)}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), KEPT);
  return true;
}
