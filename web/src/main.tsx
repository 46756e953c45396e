import { render } from "preact";
import "./style.css";

const place = document.getElementById("app");
if (place) {
  render(<p>Tocsin</p>, place);
}
