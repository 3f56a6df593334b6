import { render } from 'preact';

render(<p>Teahouse</p>, document.body);
